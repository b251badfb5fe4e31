/** The members of a day's gangs with their measures, and the rows of those about whom something changed. */
import { yieldToOthers } from '../../core/async.js';
import { gangMeasures, type MemberLink, type MemberMeasures } from '../../core/compute/graph/gang-measures.js';
import { ident, instantSql, instantText, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant, LocalDate } from '../../core/helpers/time.js';
import { rowHash } from '../../core/lending/row-hash.js';
import type { SourceTable } from '../../core/lending/sources.js';
import type { JobProgress } from '../../core/ports/progress.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { type Fence, withinFence } from '../../warehouse/fence.js';
import { CONTENT } from './known.js';
import type { WorkTables } from './work-tables.js';

export interface MemberOptions {
  readonly clickhouse: ClickHouse;
  readonly work: WorkTables;
  readonly progress: JobProgress;
  readonly links: string;
  readonly groups: string;
  readonly gangs: string;
  readonly bad: Sql;
  /** Links whose gangs are in memory at once. */
  readonly linksAtOnce?: number;
}

const LINKS_AT_ONCE = 50_000;
const COLUMNS = ['customer_id', ...CONTENT] as const;

/** Makes a table of each member's content, gangs at a time, so that memory is bounded by the links of a part of them. */
export async function measureMembers(
  options: MemberOptions,
): Promise<{ readonly table: string; readonly members: number }> {
  const { clickhouse, work, progress, links, groups, gangs, bad, linksAtOnce = LINKS_AT_ONCE } = options;
  const { signal } = progress;
  const table = work.name('members');
  await clickhouse.run(
    'gangs-work',
    sql`CREATE TABLE ${ident(table)} (customer_id String, gang_id String, joined_at Nullable(DateTime64(3, 'UTC')), known_bad UInt16,
      shared_identifiers UInt16, neighbours UInt16, second_neighbours UInt16, bad_neighbours UInt16, distance_to_bad Nullable(UInt16),
      core_number UInt16, propagated_risk Float64) ENGINE = MergeTree ORDER BY customer_id`,
  );
  const known = work.name('bad');
  await clickhouse.run(
    'gangs-bad',
    sql`CREATE TABLE ${ident(known)} ENGINE = MergeTree ORDER BY customer_id AS ${bad}`,
    { signal },
  );
  const [size] = await clickhouse.rows<{ links: string }>(
    'gangs-count',
    sql`SELECT toString(count()) AS links FROM ${ident(links)}`,
  );
  const parts = Math.max(1, Math.ceil(Number(size?.links ?? 0) / linksAtOnce));
  let members = 0;
  for (let part = 0; part < parts; part++) {
    const rows = await clickhouse.tuples<LinkRow>(
      'gangs-links',
      sql`SELECT n.gang_id, l.customer_id, toString(l.node), l.weight, toUnixTimestamp64Milli(l.first_seen),
          l.customer_id IN (SELECT customer_id FROM ${ident(known)})
        FROM ${ident(links)} AS l INNER JOIN (
          SELECT g.customer_id AS customer_id, n.gang_id AS gang_id FROM ${ident(groups)} AS g INNER JOIN ${ident(gangs)} AS n ON g.grp = n.grp
          WHERE sipHash64(g.grp) % ${param('UInt64', parts)} = ${param('UInt64', part)}) AS n ON l.customer_id = n.customer_id
        ORDER BY n.gang_id, l.customer_id, l.node`,
      { signal },
    );
    const measured: (readonly unknown[])[] = [];
    for (const [gang, own] of byGang(rows)) {
      await yieldToOthers();
      const of = own.map(
        ([, customer, node, weight, firstSeen]): MemberLink => ({
          customer,
          node,
          weight,
          firstSeen: Number(firstSeen),
        }),
      );
      const bads = new Set(own.filter(([, , , , , isBad]) => isBad === 1).map(([, customer]) => customer));
      for (const member of gangMeasures(of, bads)) measured.push(rowOf(gang, member));
    }
    if (measured.length > 0) await clickhouse.insert('gangs-work', { table, columns: COLUMNS }, measured, { signal });
    members += measured.length;
    await progress.report((part + 1) / parts);
  }
  await work.drop(known);
  return { table, members };
}

type LinkRow = readonly [
  gang: string,
  customer: string,
  node: string,
  weight: number,
  firstSeen: string,
  isBad: number,
];

function byGang(rows: readonly LinkRow[]): ReadonlyMap<string, LinkRow[]> {
  const gangs = new Map<string, LinkRow[]>();
  for (const row of rows) {
    const own = gangs.get(row[0]);
    if (own) own.push(row);
    else gangs.set(row[0], [row]);
  }
  return gangs;
}

const rowOf = (gang: string, member: MemberMeasures): readonly unknown[] => [
  member.customer,
  gang,
  instantText(member.joinedAt),
  member.knownBad ? 1 : 0,
  member.sharedIdentifiers,
  member.neighbours,
  member.secondNeighbours,
  member.badNeighbours,
  member.distanceToBad,
  member.coreNumber,
  member.propagatedRisk,
];

export interface ChangedRows {
  readonly members: string;
  /** The members from whom these differ: of the day before, or of this day as far as it is written. */
  readonly before: Sql;
  /** Leaves those out who have a row of this day. */
  readonly onlyAbsent: boolean;
  readonly table: SourceTable;
  readonly day: LocalDate;
  readonly at: Instant;
  readonly seq: bigint;
  readonly fence: Fence;
  readonly signal: AbortSignal;
}

/** A row for each member of whom something differs from its newest, and one without a gang for each who is in none any more; returns how many. */
export async function writeChanged(clickhouse: ClickHouse, changed: ChangedRows): Promise<number> {
  const { members, before, onlyAbsent, table, day, at, seq, fence, signal } = changed;
  // A NULL equals nothing: content is compared by its hash.
  const content = (of: string): Sql =>
    sql`sipHash128(tuple(${join(CONTENT.map((name) => sql`${raw(of)}.${ident(name)}`))}))`;
  const empty: Readonly<Partial<Record<string, string>>> = {
    gang_id: "''",
    joined_at: 'NULL',
    distance_to_bad: 'NULL',
    propagated_risk: '0.',
  };
  const none = join(CONTENT.map((name) => sql`${raw(empty[name] ?? '0')} AS ${ident(name)}`));
  const columns = join(table.columns.map(({ name }) => ident(name)));
  const sequence = param('UInt64', String(seq));
  await clickhouse.run(
    'gangs-write',
    sql`INSERT INTO ${ident(table.name)} (${columns}, ingested_at, deleted, seq, row_hash)
      SELECT ${columns}, ${instantSql(at)} AS ingested_at, 0 AS deleted, ${sequence} AS seq, ${rowHash(table)} FROM (
        SELECT customer_id, toDate(${day}) AS as_of, ${raw(CONTENT.join(', '))} FROM ${ident(members)} AS m
        WHERE (customer_id, ${content('m')}) NOT IN (SELECT customer_id, ${content('b')} FROM (${before}) AS b)
        UNION ALL
        SELECT customer_id, toDate(${day}) AS as_of, ${none} FROM (${before}) AS b
        WHERE b.gang_id != '' AND customer_id NOT IN (SELECT customer_id FROM ${ident(members)}))
      WHERE ${withinFence(fence)}${onlyAbsent ? sql` AND customer_id NOT IN (SELECT customer_id FROM ${ident(table.name)} WHERE as_of = toDate(${day}))` : raw('')}`,
    { signal },
  );
  const [written] = await clickhouse.rows<{ rows: string }>(
    'gangs-count',
    sql`SELECT toString(count()) AS rows FROM ${ident(table.name)} WHERE seq = ${sequence}`,
  );
  return Number(written?.rows ?? 0);
}
