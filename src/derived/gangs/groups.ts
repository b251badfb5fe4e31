/** Which customers of a component belong to one gang, and which gang of the day before each of them is. */

import { yieldToOthers } from '../../core/async.js';
import { communities } from '../../core/compute/graph/communities.js';
import { UnionFind } from '../../core/compute/graph/union-find.js';
import { ident, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { LocalDate } from '../../core/helpers/time.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { createAs, type WorkTables } from './work-tables.js';

export interface GroupOptions {
  readonly clickhouse: ClickHouse;
  readonly work: WorkTables;
  readonly signal: AbortSignal;
  /** The table of links, with `customer`, `node`, `customer_id` and `weight`. */
  readonly links: string;
  /** The table of vertices with their components. */
  readonly components: string;
  /** Customers above which a component is cut into communities. */
  readonly mostCustomers?: number;
}

/** A ring of a hundred is one that investigators have seen; a thousand are several that something common has tied. */
const MOST_CUSTOMERS = 200;

/** Makes a table of `customer_id` and `grp`, the number of its group: its component, or a connected community of a large one. */
export async function groupCustomers(options: GroupOptions): Promise<string> {
  const { clickhouse, work, signal, links, components, mostCustomers = MOST_CUSTOMERS } = options;
  const groups = work.name('groups');
  await createAs(clickhouse, {
    name: groups,
    engine: raw('MergeTree ORDER BY customer_id'),
    select: sql`SELECT customer_id, component AS grp FROM (SELECT DISTINCT customer_id, customer FROM ${ident(links)}) AS l
      INNER JOIN ${ident(components)} AS c ON l.customer = c.v`,
    signal,
  });
  const large = await clickhouse.rows<{ grp: string }>(
    'gangs-large',
    sql`SELECT toString(grp) AS grp FROM ${ident(groups)} GROUP BY grp HAVING count() > ${param('UInt64', mostCustomers)} ORDER BY min(customer_id)`,
    { signal },
  );
  if (large.length === 0) return groups;
  const cut = work.name('groups');
  const settled = param(
    'Array(UInt64)',
    large.map(({ grp }) => BigInt(grp)),
  );
  await createAs(clickhouse, {
    name: cut,
    engine: raw('MergeTree ORDER BY customer_id'),
    select: sql`SELECT customer_id, grp FROM ${ident(groups)} WHERE grp NOT IN ${settled}`,
    signal,
  });
  for (const { grp } of large) {
    await yieldToOthers();
    const rows = await clickhouse.tuples<[customer: string, vertex: string, node: string, weight: number]>(
      'gangs-large',
      sql`SELECT customer_id, toString(customer), toString(node), weight FROM ${ident(links)}
        WHERE customer_id IN (SELECT customer_id FROM ${ident(groups)} WHERE grp = ${param('UInt64', grp)}) ORDER BY customer_id, node`,
      { signal },
    );
    await clickhouse.insert('gangs-work', { table: cut, columns: ['customer_id', 'grp'] }, communitiesOf(rows), {
      signal,
    });
  }
  await work.drop(groups);
  return cut;
}

type LinkRow = readonly [customer: string, vertex: string, node: string, weight: number];

/** Each customer with the number of its group, the vertex of its first customer; a community that is not connected is several groups. */
export function communitiesOf(rows: readonly LinkRow[]): readonly (readonly [customer: string, group: string])[] {
  const vertices = [...new Map(rows.map(([customer, vertex]) => [customer, vertex])).entries()];
  const numbers = new Map(vertices.map(([customer], index) => [customer, index]));
  const users = new Map<string, number[]>();
  const weights = new Map<string, number>();
  for (const [customer, , node, weight] of rows) {
    const own = users.get(node) ?? [];
    own.push(numbers.get(customer) as number);
    users.set(node, own);
    weights.set(node, weight);
  }
  // Pairs, of which an identifier that ties has few: a graph of both kinds of vertices would put each identifier and its nearest customer together.
  const edges = [...users].flatMap(([node, own]) =>
    own.flatMap((a, index) => own.slice(index + 1).map((b) => ({ a, b, weight: weights.get(node) as number }))),
  );
  const community = communities(vertices.length, edges);
  const sets = new UnionFind();
  for (const _ of vertices) sets.add();
  for (const { a, b } of edges) if (community[a] === community[b]) sets.union(a, b);
  return vertices.map(([customer], index) => [customer, vertices[sets.root(index)]?.[1] as string]);
}

/**
 * Makes a table of `grp` and `gang_id` of every group of two customers and more. A gang goes on as the group that holds most of its members, and a group
 * is the gang that most of its members come from; what is left over begins a gang of its own.
 */
export async function nameGangs(
  { clickhouse, work, signal }: Pick<GroupOptions, 'clickhouse' | 'work' | 'signal'>,
  { groups, before, day }: { readonly groups: string; readonly before: Sql; readonly day: LocalDate },
): Promise<{ readonly table: string; readonly gangs: number }> {
  const overlaps = await clickhouse.tuples<[group: string, gang: string]>(
    'gangs-overlap',
    sql`SELECT toString(g.grp), p.gang_id FROM ${ident(groups)} AS g INNER JOIN (SELECT * FROM (${before}) WHERE gang_id != '') AS p
        ON g.customer_id = p.customer_id
      WHERE g.grp IN (SELECT grp FROM ${ident(groups)} GROUP BY grp HAVING count() > 1)
      GROUP BY g.grp, p.gang_id ORDER BY count() DESC, p.gang_id, min(g.customer_id)`,
    { signal },
  );
  const kept = new Map<string, string>();
  const gone = new Set<string>();
  for (const [group, gang] of overlaps) {
    if (kept.has(group) || gone.has(gang)) continue;
    kept.set(group, gang);
    gone.add(gang);
  }
  const keeping = work.name('kept');
  await clickhouse.run(
    'gangs-work',
    sql`CREATE TABLE ${ident(keeping)} (grp UInt64, gang_id String) ENGINE = MergeTree ORDER BY grp`,
  );
  if (kept.size > 0) {
    await clickhouse.insert('gangs-work', { table: keeping, columns: ['grp', 'gang_id'] }, [...kept], { signal });
  }
  const table = work.name('gangs');
  await createAs(clickhouse, {
    name: table,
    engine: raw('MergeTree ORDER BY grp'),
    select: sql`SELECT g.grp AS grp, if(k.gang_id = '', concat('G', lower(hex(sipHash64(g.first, ${day})))), k.gang_id) AS gang_id
      FROM (SELECT grp, min(customer_id) AS first FROM ${ident(groups)} GROUP BY grp HAVING count() > 1) AS g
      LEFT JOIN ${ident(keeping)} AS k ON g.grp = k.grp SETTINGS join_use_nulls = 0`,
    signal,
  });
  const [count] = await clickhouse.rows<{ gangs: string }>(
    'gangs-count',
    sql`SELECT toString(count()) AS gangs FROM ${ident(table)}`,
  );
  return { table, gangs: Number(count?.gangs ?? 0) };
}
