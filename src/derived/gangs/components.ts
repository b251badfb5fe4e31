/**
 * Connected components by randomized contraction (Bögeholz, Brand, Todor: arXiv 1802.09478): each round numbers the vertices at random and merges
 * each with the neighbour of the smallest number, so that a constant share of them goes, whatever the shape of the graph: a path of n vertices takes
 * about log2(n) rounds where passing the smallest label on takes n. What is left once it is small is finished in memory.
 */
import { UnionFind } from '../../core/compute/graph/union-find.js';
import { ident, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { createAs, type WorkTables } from './work-tables.js';

export interface ComponentsOptions {
  readonly clickhouse: ClickHouse;
  readonly work: WorkTables;
  readonly signal: AbortSignal;
  /** Edges that are finished in memory; with 0 every round runs in the store. */
  readonly edgesInMemory?: number;
  /** Rounds after which the derivation fails; about twice what a graph of 2^64 vertices would take. */
  readonly mostRounds?: number;
}

export interface Components {
  /** A table of `v`, a vertex, and `component`, the smallest vertex of its component. */
  readonly table: string;
  /** Contractions that ran in the store. */
  readonly rounds: number;
}

/** Below this, a round in the store costs more than the rest in memory, which is some 40 MiB. */
const EDGES_IN_MEMORY = 200_000;
const MOST_ROUNDS = 96;

const joinEngine = raw('Join(ANY, LEFT, v)');

/** Finds the components of the edges `(a, b)`, two UInt64 each, of a SELECT. A vertex without an edge to another is in none. */
export async function findComponents(
  edges: Sql,
  { clickhouse, work, signal, edgesInMemory = EDGES_IN_MEMORY, mostRounds = MOST_ROUNDS }: ComponentsOptions,
): Promise<Components> {
  const store = { clickhouse, work, signal };
  let left = work.name('edges');
  await createAs(clickhouse, { name: left, engine: raw('Memory'), select: distinctEdges(edges), signal });
  const merges: string[] = [];
  let rounds = 0;
  for (;;) {
    const count = await countOf(store, left);
    if (count === 0) break;
    const merged = work.name('merged');
    merges.push(merged);
    if (count <= edgesInMemory) {
      await finishInMemory(store, left, merged);
      break;
    }
    if (rounds === mostRounds) {
      throw new RiskgraphError({
        code: 'INTERNAL',
        message: `the components of the links were not found in ${mostRounds} rounds: ${count} edges are left`,
        hint: 'derive again: nothing was written, and the next run draws other numbers',
      });
    }
    rounds++;
    await contract(store, left, merged);
    const next = work.name('edges');
    await createAs(clickhouse, {
      name: next,
      engine: raw('Memory'),
      select: distinctEdges(
        sql`SELECT joinGet(${merged}, 'r', a) AS a, joinGet(${merged}, 'r', b) AS b FROM ${ident(left)}`,
      ),
      signal,
    });
    await work.drop(left);
    left = next;
  }
  await work.drop(left);
  return { table: await composed(store, merges), rounds };
}

type Store = Pick<ComponentsOptions, 'clickhouse' | 'work' | 'signal'>;

const distinctEdges = (edges: Sql): Sql =>
  sql`SELECT DISTINCT least(x, y) AS a, greatest(x, y) AS b FROM (SELECT a AS x, b AS y FROM (${edges})) WHERE x != y`;

async function countOf({ clickhouse, signal }: Store, edges: string): Promise<number> {
  const [row] = await clickhouse.rows<{ count: string }>(
    'gangs-count',
    sql`SELECT toString(count()) AS count FROM ${ident(edges)}`,
    { signal },
  );
  return Number(row?.count ?? 0);
}

/** intHash64 is a bijection: with a fresh number in it, it orders the vertices at random and no two become one by chance. */
async function contract({ clickhouse, signal }: Store, edges: string, into: string): Promise<void> {
  const [drawn] = await clickhouse.rows<{ salt: string }>('gangs-draw', sql`SELECT toString(rand64()) AS salt`);
  const salt = param('UInt64', drawn?.salt ?? '0');
  const number = (vertex: string): Sql => sql`intHash64(bitXor(${raw(vertex)}, ${salt}))`;
  await createAs(clickhouse, {
    name: into,
    engine: joinEngine,
    select: sql`SELECT u AS v, least(${number('u')}, min(${number('w')})) AS r
      FROM (SELECT a AS u, b AS w FROM ${ident(edges)} UNION ALL SELECT b, a FROM ${ident(edges)}) GROUP BY u`,
    signal,
  });
}

const EDGE_BYTES = 16;

async function finishInMemory({ clickhouse, signal }: Store, edges: string, into: string): Promise<void> {
  const sets = new UnionFind();
  const numbers = new Map<bigint, number>();
  const numberOf = (vertex: bigint): number => {
    const known = numbers.get(vertex);
    if (known !== undefined) return known;
    const number = sets.add();
    numbers.set(vertex, number);
    return number;
  };
  let rest = Buffer.alloc(0);
  for await (const chunk of clickhouse.bytes('gangs-edges', sql`SELECT a, b FROM ${ident(edges)}`, 'RowBinary', {
    signal,
  })) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % EDGE_BYTES);
    for (let at = 0; at < whole; at += EDGE_BYTES) {
      sets.union(numberOf(bytes.readBigUInt64LE(at)), numberOf(bytes.readBigUInt64LE(at + 8)));
    }
    rest = Buffer.from(bytes.subarray(whole));
  }
  const vertices = [...numbers.keys()];
  const body = Buffer.alloc(vertices.length * EDGE_BYTES);
  for (const [number, vertex] of vertices.entries()) {
    body.writeBigUInt64LE(vertex, number * EDGE_BYTES);
    body.writeBigUInt64LE(vertices[sets.root(number)] as bigint, number * EDGE_BYTES + 8);
  }
  await clickhouse.run('gangs-work', sql`CREATE TABLE ${ident(into)} (v UInt64, r UInt64) ENGINE = ${joinEngine}`);
  await clickhouse.insertBytes('gangs-work', sql`INSERT INTO ${ident(into)} FORMAT RowBinary`, body, { signal });
}

/**
 * Follows each vertex through the rounds to where it was merged last. Labels of different rounds may be equal numbers, so that `k`, the round, is part
 * of a label.
 */
async function composed({ clickhouse, work, signal }: Store, merges: readonly string[]): Promise<string> {
  let labels: string | null = null;
  for (const [index, merged] of [...merges.entries()].reverse()) {
    const round = sql`toUInt16(${index + 1})`;
    const next = work.name('labels');
    const select: Sql =
      labels === null
        ? sql`SELECT v, ${round} AS k, r FROM ${ident(merged)}`
        : sql`SELECT v, if(later = 0, ${round}, later) AS k, if(later = 0, r, joinGet(${labels}, 'r', r)) AS r
            FROM (SELECT v, r, joinGet(${labels}, 'k', r) AS later FROM ${ident(merged)})`;
    await createAs(clickhouse, { name: next, engine: joinEngine, select, signal });
    await work.drop(merged);
    if (labels !== null) await work.drop(labels);
    labels = next;
  }
  const table = work.name('components');
  const select =
    labels === null
      ? sql`SELECT toUInt64(0) AS v, toUInt64(0) AS component WHERE 0`
      : sql`SELECT v, min(v) OVER (PARTITION BY k, r) AS component FROM ${ident(labels)}`;
  await createAs(clickhouse, { name: table, engine: raw('MergeTree ORDER BY v'), select, signal });
  if (labels !== null) await work.drop(labels);
  return table;
}
