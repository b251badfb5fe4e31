import { randomUUID } from 'node:crypto';
import { TARGET_COLUMN } from '../../core/compute/spine-columns.js';
import type { EntityDefinition } from '../../core/definitions/define-entity.js';
import { ident, join, param, raw, sql } from '../../core/definitions/sql.js';
import { clickhouseType } from '../../core/definitions/types.js';
import { badInput, tooLarge } from '../../core/errors.js';
import type { Log } from '../../core/ports/process.js';
import type { RejectedRow } from '../../core/ports/sources.js';
import type { SpineFile, SpineLimits, SpineStore } from '../../core/ports/spines.js';
import { turnsOf } from '../../core/turns.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { importFailure } from '../failures.js';
import { spool } from '../spool.js';
import { AT_WORK, dropTable, keepStages, leftBehind } from '../stage.js';
import { planColumns, type SpinePlan } from './columns.js';
import { SPINE_FORMATS, spineFormat } from './formats.js';
import { keysOfSpine } from './keys.js';
import { type RefusedRows, type Stage, type Staging, stageText, stageTyped } from './stage.js';

export interface SpineStoreOptions {
  readonly store: ClickHouse;
  /** Those that there are now, whose join keys a spine may have. */
  readonly entities: () => Iterable<EntityDefinition>;
  readonly limits: SpineLimits;
  readonly log: Log;
  /** Where uploads lie that cannot be read front to back. */
  readonly tempDir: string;
}

/** Begins the names of the tables that hold spines, and of those that hold rows on their way. */
const KEPT = 'uploaded_spine_';
const ON_THE_WAY = 'uploading_spine_';
/** Files of a key that come in at a time: each lies on disk. */
const ARRIVING = { places: Number.POSITIVE_INFINITY, placesAKey: 2, patienceMs: 600_000, what: 'spines to take in' };
/** Each reads, converts and sorts as fast as the store does. One place is left to others whatever a key sends. */
const WRITING = { places: 2, placesAKey: 1, patienceMs: 600_000, what: 'spines to write' };
const SHOWN = 20;

/** A spine is one thread's work, so that its rows stay in their order; it sorts on disk what it must not hold. */
const FILLING = {
  max_threads: 1,
  max_insert_threads: '1',
  precise_float_parsing: 1,
  query_plan_remove_redundant_sorting: 0,
  max_bytes_before_external_sort: '400000000',
} as const;

export function createSpineStore(options: SpineStoreOptions): SpineStore {
  const { store, limits, log, tempDir } = options;
  const clock = () => performance.now();
  const turns = { arriving: turnsOf({ ...ARRIVING, clock }), writing: turnsOf({ ...WRITING, clock }) };
  return {
    formats: SPINE_FORMATS,
    write: (id, { caller, ...file }) =>
      turns.arriving(caller, async () => {
        const stage = `${ON_THE_WAY}${randomUUID().replaceAll('-', '')}`;
        const table = `${KEPT}${id.replaceAll('-', '')}`;
        const unmarked = (err: unknown) => log.warn({ err, id }, 'the tables of an upload are not marked');
        const kept = [stage, table].map((name) => keepStages(store, name, unmarked));
        const cleanup = [() => dropTable(store, stage), ...kept.map(({ stop }) => stop)];
        try {
          const format = spineFormat(file.format);
          // Whole on disk before it takes its turn: a slow sender keeps no other waiting.
          const spooled = await spool(within(file.body, limits), tempDir);
          cleanup.push(() => spooled.remove());
          return await turns.writing(caller, async () => {
            const opened = await format.open(spooled);
            const names = 'columns' in opened ? opened.columns : opened.header;
            const roles = { joinKeys: joinKeysOf(options), target: targetOf(file, names) };
            const staging: Staging = { store, table: stage, roles, limits };
            const staged = 'columns' in opened ? await stageTyped(staging, opened) : await stageText(staging, opened);
            const plan = planColumns(staged.columns, roles);
            const refused = await refusedRows(store, staged, plan);
            const rows = await fill(store, {
              stage,
              table,
              plan,
              isSound: refused.total === staged.unread.total,
            }).catch(async (cause: unknown) => {
              await dropTable(store, table);
              throw cause;
            });
            if (rows === 0) {
              await dropTable(store, table);
              throw withoutRows(refused);
            }
            const columns = plan.columns.map(({ name, type }) => ({ name, type }));
            const { total: rejected, first } = refused;
            return { table, rows, columns, target: roles.target, rejected, refused: first };
          });
        } catch (cause) {
          throw importFailure(cause, 'a spine');
        } finally {
          for (const undo of cleanup) {
            await undo().catch((err: unknown) => log.warn({ err }, 'an upload did not clean up all that it made'));
          }
        }
      }),
    keysOf: (spine) => keysOfSpine(store, spine, joinKeysOf(options)),
    async bytes(tables) {
      const [sum] = await store.rows<{ bytes: string }>(
        'spine-bytes',
        sql`SELECT sum(data_uncompressed_bytes) AS bytes FROM system.parts
          WHERE active AND database = currentDatabase() AND has(${param('Array(String)', tables)}, table)`,
      );
      return Number(sum?.bytes ?? 0);
    },
    drop: (table) => dropTable(store, table),
    async sweep(kept) {
      const tables = await store.rows<{ name: string }>(
        'spine-leftovers',
        sql`SELECT name FROM system.tables WHERE database = currentDatabase()
          AND (startsWith(name, ${KEPT}) OR startsWith(name, ${ON_THE_WAY})) AND ${leftBehind}`,
      );
      for (const { name } of tables) if (!kept.has(name)) await dropTable(store, name);
    },
  };
}

const joinKeysOf = ({ entities }: SpineStoreOptions): ReadonlySet<string> =>
  new Set([...entities()].flatMap(({ joinKeys }) => joinKeys));

/** BAD_USER_INPUT where the column that is named as the target is not there. */
function targetOf({ target }: SpineFile, names: readonly string[]): string | null {
  if (target === undefined) return names.includes(TARGET_COLUMN) ? TARGET_COLUMN : null;
  if (names.includes(target)) return target;
  throw badInput(
    `the file has no column '${target.slice(0, 64)}', which is to be the target`,
    'name one of its columns',
  );
}

/** The body, as long as it is not larger than allowed. */
async function* within(body: AsyncIterable<Uint8Array>, { bytes }: SpineLimits): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytes) {
      throw tooLarge(
        `the file is larger than ${bytes} bytes`,
        'send only the columns that the set needs, or split it by time; the operator sets the limit: RISKGRAPH_SPINE_BYTES',
      );
    }
    yield chunk;
  }
  if (size === 0) throw badInput('the body is empty', 'send the file as the body of the request');
}

/** The number of a row's first problem, from 1; 0 for a good row. */
const problemSql = ({ problems }: SpinePlan) =>
  problems.length === 0
    ? raw('0')
    : sql`multiIf(${join(problems.map(({ when }, index) => sql`ifNull(${when}, 0), ${raw(String(index + 1))}`))}, 0)`;

async function refusedRows(store: ClickHouse, { table, unread }: Stage, plan: SpinePlan): Promise<RefusedRows> {
  const [answer] = await store.rows<{ total: string; first: readonly [string, number][] }>(
    'spine-check',
    sql`SELECT count() AS total, arraySort(groupArraySorted(${param('UInt8', SHOWN)})((line, problem))) AS first
      FROM (SELECT line, toUInt16(${problemSql(plan)}) AS problem FROM ${ident(table)}) WHERE problem > 0`,
    { settings: { precise_float_parsing: 1 } },
  );
  const found = (answer?.first ?? []).map(([line, number]): RejectedRow => {
    const { column, reason } = plan.problems[number - 1] as SpinePlan['problems'][number];
    return { line: Number(line), column, reason };
  });
  const first = [...unread.first, ...found].sort((a, b) => a.line - b.line).slice(0, SHOWN);
  return { total: unread.total + Number(answer?.total ?? 0), first };
}

interface Filling {
  readonly stage: string;
  /** No row of the stage has a problem: none is looked for again. */
  readonly isSound: boolean;
  readonly table: string;
  readonly plan: SpinePlan;
}

/** @returns the number of rows */
async function fill(store: ClickHouse, { stage, table, plan, isSound }: Filling): Promise<number> {
  const columns = plan.columns.map(({ type }, index) => sql`${ident(`c${index}`)} ${raw(clickhouseType(type))}`);
  await store.run(
    'spine-create',
    sql`CREATE TABLE ${ident(table)} (rid UInt64, t Int64, ${join(columns)}) ENGINE = MergeTree ORDER BY rid ${AT_WORK}`,
  );
  const into = join(['rid', 't', ...plan.columns.map((_, index) => `c${index}`)].map(ident));
  const which = isSound ? raw('1') : sql`${problemSql(plan)} = 0`;
  const good = sql`SELECT * FROM ${ident(stage)} WHERE ${which} ORDER BY line`;
  const values = join([plan.time, ...plan.columns.map(({ value }) => value)]);
  await store.run(
    'spine-fill',
    sql`INSERT INTO ${ident(table)} (${into}) SELECT rowNumberInAllBlocks(), ${values} FROM (${good})`,
    { settings: FILLING },
  );
  const [stored] = await store.rows<{ total: string }>('spine-rows', sql`SELECT count() AS total FROM ${ident(table)}`);
  return Number(stored?.total ?? 0);
}

function withoutRows({ total, first: [row] }: RefusedRows): Error {
  if (!row) return badInput('the file has no rows', 'give at least one row');
  const where = row.column === null ? '' : `${row.column} `;
  return badInput(
    `none of the ${total} rows of the file can be taken: line ${row.line}: ${where}${row.reason}`,
    'correct the rows and send the file again',
  );
}
