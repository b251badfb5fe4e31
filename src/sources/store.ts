import { randomInt, randomUUID } from 'node:crypto';
import { limited, yieldToOthers } from '../core/async.js';
import { instantText, param, sql } from '../core/definitions/sql.js';
import { badInput, conflict } from '../core/errors.js';
import { type BusinessCalendar, type Instant, MINUTE } from '../core/helpers/time.js';
import { newestImport, newestSequence } from '../core/lending/import-sequence.js';
import type { Datum, SourceTable, SourceTables } from '../core/lending/sources.js';
import { type Lease, type Leases, tableResource } from '../core/ports/leases.js';
import type { Log, Metrics, StoreClock } from '../core/ports/process.js';
import type { ImportRequest, ImportResult, SourceStore, Spooled } from '../core/ports/sources.js';
import type { ClickHouse } from '../warehouse/client.js';
import { raiseFence, tableFence } from '../warehouse/fence.js';
import { knowledgeInstant } from '../warehouse/source-clock.js';
import type { UserSql } from '../warehouse/user-sql.js';
import { checkLimits } from './column-limits.js';
import { importFailure } from './failures.js';
import { FORMATS, formatNamed } from './formats.js';
import { newestBrought } from './knowledge.js';
import { openMapped } from './mapping.js';
import { countCame, mergeStage } from './merge.js';
import { ParquetProcesses } from './parquet/processes.js';
import { Quarantine, readQuarantine } from './quarantine.js';
import type { FileRecord, RecordFile } from './records.js';
import { refuseReplaced } from './replaced.js';
import { checkHeader, fileColumns, isRefusal, RowParser } from './row-parser.js';
import { spool } from './spool.js';
import { BatchWriter, createStage, dropLeftovers, dropTable, keepStages, stageName } from './stage.js';

export interface SourceStoreOptions {
  /** Its database holds the migrated tables. */
  readonly clickhouse: ClickHouse;
  readonly tables: SourceTables;
  /** Rejected rows of one import that are kept; absent: 10,000. */
  readonly quarantineRows?: number | undefined;
  /** Checks and runs mappings. */
  readonly userSql: UserSql;
  readonly calendar: BusinessCalendar;
  /** Datum of positions without one. */
  readonly datum: Datum;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where uploads lie that cannot be read front to back. */
  readonly tempDir: string;
  /** Says since when rows are known; absent: the clock of the request. One clock for all processes: one that is ahead would push the others' rows. */
  readonly storeClock?: StoreClock;
  /** An import compares and writes its rows while it holds the lease of its table. */
  readonly leases: Leases;
  /** Rows that are compared and written at once; see `mergeStage`. */
  readonly bucketRows?: number;
}

/** Each import holds one of the process's few connections to Postgres while it compares and writes; more at once are no faster. */
const TABLES_AT_ONCE = 4;
/** How often it is looked for what killed imports left. */
const SWEEP_MS = 10 * MINUTE;

/**
 * Imports files into the source tables. Two imports of one table are compared and written one after the other: two at once could both store
 * the same new version of a row, which reads as one but counts twice.
 */
export function createSourceStore(options: SourceStoreOptions): SourceStore & { close(): void } {
  const { clickhouse, tables, log, metrics, leases } = options;
  const processes = new ParquetProcesses();
  const queues = new Map<string, Promise<unknown>>();
  const few = limited(TABLES_AT_ONCE);
  let swept = Number.NEGATIVE_INFINITY;

  /** Runs the body after those before it on the same table: here first, so that one import a table waits for other processes. */
  const inLease: InLease = (table, body) => {
    // An import that is read in full is stored, whether or not its sender still listens: nothing ends its waiting.
    const next = () => few(() => leases.hold(tableResource(table), new AbortController().signal, body));
    const result = (queues.get(table) ?? Promise.resolve()).then(next, next);
    queues.set(table, result);
    return result;
  };

  return {
    async import(request) {
      const table = tables.get(request.table);
      if (table.attached) {
        throw conflict(
          `${table.name} is attached: it is read from ${table.attached.table}, and never written`,
          `write the rows to ${table.attached.table}; they are read there as they stand`,
        );
      }
      if (table.derivationJob !== null) {
        throw conflict(
          `${table.name} is derived: the job ${table.derivationJob} alone writes it`,
          'import the tables that it is derived from, as its page in the documentation names them; the next run of the job follows them',
        );
      }
      const now = request.clock();
      if (now - swept > SWEEP_MS) {
        swept = now;
        await dropLeftovers(clickhouse).catch((err: unknown) => log.warn({ err }, 'old import stages stay'));
      }
      const started = performance.now();
      try {
        const result = await importFile({ ...options, processes }, table, request, inLease);
        const { accepted, duplicates, rejected } = result;
        for (const [outcome, rows] of Object.entries({ accepted, duplicates, rejected })) {
          metrics.count('import_rows', { table: table.name, outcome }, rows);
        }
        metrics.observe('import_seconds', (performance.now() - started) / 1000, { table: table.name });
        log.info({ table: table.name, requestId: request.requestId, accepted, duplicates, rejected }, 'imported');
        return result;
      } catch (cause) {
        throw importFailure(cause, table.name);
      }
    },
    formats: FORMATS,
    spool: (body) => spool(body, options.tempDir),
    async rowCounts() {
      const names = param('Array(String)', tables.names);
      const counts = await clickhouse.tuples<readonly [string, string]>(
        'source-rows',
        sql`SELECT name, toString(total_rows) FROM system.tables
          WHERE database = currentDatabase() AND has(${names}, name) AND total_rows IS NOT NULL`,
      );
      return new Map(counts.map(([name, rows]) => [name, Number(rows)]));
    },
    quarantine: (table, limit) => readQuarantine(clickhouse, tables.get(table).name, limit),
    close: () => processes.close(),
  };
}

const IMPORT_COLUMNS = [
  ...(['table', 'import_id', 'seq', 'at', 'history', 'accepted', 'duplicates', 'rejected'] as const),
  ...(['first_event', 'last_known'] as const),
] as const;

interface ImportOptions extends SourceStoreOptions {
  readonly processes: ParquetProcesses;
}

type InLease = <T>(table: string, body: (lease: Lease<'table'>) => Promise<T>) => Promise<T>;

/** Steps that undo what an import made, newest first; they run in any case. */
type Cleanup = (() => Promise<void>)[];

async function importFile(
  options: ImportOptions,
  table: SourceTable,
  request: ImportRequest,
  inLease: InLease,
): Promise<ImportResult> {
  const { clickhouse, log } = options;
  const { history } = request;
  const clock = options.storeClock ?? (async () => request.clock());
  const now = request.clock();
  const importId = randomUUID();
  const stage = stageName(now, importId);
  const kept = keepStages(clickhouse, stage, (err) =>
    log.warn({ err, importId }, 'the tables of an import are not marked'),
  );
  // Run last.
  const cleanup: Cleanup = [() => kept.stop()];
  try {
    const quarantine = new Quarantine(clickhouse, { table: table.name, importId, now, most: options.quarantineRows });
    const file = await openFile(options, table, { request, stage: `${stage}_file`, quarantine, cleanup });
    checkHeader(table, file.header);
    checkLimits(table, file);
    cleanup.push(() => dropTable(clickhouse, stage));
    await createStage(clickhouse, stage, table);
    const parser = new RowParser(
      { table, history, now, calendar: options.calendar, datum: options.datum },
      file.header,
    );
    const good = await stageRows({ clickhouse, table, stage, file, parser, quarantine });
    const replaced = good === 0 ? 0 : await refuseReplaced({ clickhouse, table, stage, quarantine });
    const accepted = await inLease(table.name, async (lease) => {
      const fence = tableFence(lease);
      const { lost: signal } = lease;
      if (good > 0) await raiseFence(clickhouse, fence, { signal });
      const { seq, recorded } = await nextSeq(clickhouse, table, now);
      const { bucketRows, calendar } = options;
      const known =
        good === 0
          ? now
          : await knowledgeInstant(options, { table: table.name, now: await clock(), brought: newestBrought(stage) });
      const counting = { clickhouse, table, seq, recorded, signal, timezone: calendar.timezone };
      const merge = { ...counting, stage, known, fence, bucketRows };
      const { rows, firstEvent, lastKnown } = good === 0 ? await countCame(counting) : await mergeStage(merge);
      await clickhouse.insert('import-record', { table: 'source_imports', columns: IMPORT_COLUMNS }, [
        [
          table.name,
          importId,
          String(seq),
          instantText(known),
          Number(history),
          rows,
          good - replaced - rows,
          quarantine.rejected,
          firstEvent === null ? null : instantText(firstEvent),
          lastKnown === null ? null : instantText(lastKnown),
        ],
      ]);
      return rows;
    });
    const duplicates = good - replaced - accepted;
    const { rejected, notKept, first } = quarantine;
    return { accepted, duplicates, rejected, quarantine: first, ...(notKept > 0 ? { notKept } : {}) };
  } finally {
    for (const undo of cleanup.reverse()) {
      await undo().catch((err: unknown) => log.warn({ err, importId }, 'an import did not clean up all that it made'));
    }
  }
}

interface Opening {
  readonly request: ImportRequest;
  readonly stage: string;
  readonly quarantine: Quarantine;
  readonly cleanup: Cleanup;
}

async function openFile(
  { clickhouse, userSql, tempDir, processes }: ImportOptions,
  table: SourceTable,
  { request, stage, quarantine, cleanup }: Opening,
): Promise<RecordFile> {
  const { format, mapping, callerKey } = request;
  const body = await notEmpty(request.body);
  const toDisk = async (): Promise<Spooled> => {
    const spooled = await spool(body, tempDir);
    cleanup.push(() => spooled.remove());
    return spooled;
  };
  const columns = mapping === undefined ? fileColumns(table) : null;
  const file = await formatNamed(format).open({ body, spool: toDisk, columns, processes });
  if (mapping === undefined) return file;
  const ended = new AbortController();
  cleanup.push(
    () => dropTable(clickhouse, stage),
    async () => ended.abort(),
  );
  const refuse: Parameters<typeof openMapped>[0]['refuse'] = (record, refusal) =>
    quarantine.add(record, file.header, refusal);
  return openMapped({ clickhouse, userSql, callerKey, mapping, stage, file, refuse, signal: ended.signal });
}

/** Passes the body on. BAD_USER_INPUT for an empty one. */
async function notEmpty(body: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const chunks = body[Symbol.asyncIterator]();
  let first = await chunks.next();
  while (!first.done && first.value.length === 0) first = await chunks.next();
  if (first.done) throw badInput('the body is empty', 'send the file as the body of the request');
  const { value } = first;
  return (async function* () {
    yield value;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  })();
}

interface Staging {
  readonly clickhouse: ClickHouse;
  readonly table: SourceTable;
  readonly stage: string;
  readonly file: RecordFile;
  readonly parser: RowParser;
  readonly quarantine: Quarantine;
}

/** @returns the number of good rows */
async function stageRows({ clickhouse, table, stage, file, parser, quarantine }: Staging): Promise<number> {
  const columns = [...table.columns.map(({ name }) => name), 'ingested_at', 'deleted', '__line'];
  const writer = new BatchWriter(clickhouse, { label: 'import-batch', table: stage, columns });
  const take = async (record: FileRecord): Promise<void> => {
    const row = record.refusal ?? parser.parse(record.values);
    if (isRefusal(row)) await quarantine.add(record, file.header, row);
    else await writer.add([...row, record.line]);
  };
  for await (const batch of file.batches) {
    for (const record of batch) await take(record);
    await yieldToOthers();
  }
  await Promise.all([writer.end(), quarantine.end()]);
  return writer.written;
}

/**
 * The newest sequence that is recorded of the table, by an import or a derivation into it, and that of a new import: it and the number below it are
 * above. The random part keeps two processes apart that ask in the same millisecond.
 */
async function nextSeq(
  clickhouse: ClickHouse,
  table: SourceTable,
  now: Instant,
): Promise<{ readonly seq: bigint; readonly recorded: bigint }> {
  const [row] = await clickhouse.rows<{ newest: string; imported: string }>(
    'import-sequence',
    sql`SELECT toString(${newestSequence(table)}) AS newest, toString(${newestImport(table)}) AS imported`,
  );
  const bits = 1 << 20;
  const byTime = BigInt(now) * BigInt(bits) + BigInt(randomInt(bits));
  const after = BigInt(row?.newest ?? 0) + 2n;
  return { seq: byTime > after ? byTime : after, recorded: BigInt(row?.imported ?? 0) };
}
