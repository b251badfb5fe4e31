import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Book, type PortfolioOptions } from '../../synthetic/book.js';
import { BookTotals, customerRows, referenceRows } from '../../synthetic/portfolio.js';
import type { CustomerRows } from '../../synthetic/rows.js';
import { yieldToOthers } from '../core/async.js';
import type { ImportResult } from '../core/ports/sources.js';
import type { Client } from './client.js';
import { type TableFile, TableFiles } from './portfolio-files.js';

export interface LoadOptions {
  readonly portfolio: PortfolioOptions;
  /** Remembers the chunks that are in, so that a run after an interrupted one goes on; nothing is remembered where absent. */
  readonly record?: { readonly path: string; readonly server: string };
  readonly chunkCustomers?: number;
  readonly signal?: AbortSignal;
}

export interface LoadProgress {
  /** Progress of the whole load, 0 to 1; generating rows is one half, importing them the other. */
  readonly fraction: number;
  /** Customers that are in. */
  readonly customers: number;
}

/** The server's counts of a table, over all chunks. */
export interface TableSummary {
  accepted: number;
  duplicates: number;
  rejected: number;
}

export interface LoadSummary {
  readonly tables: Readonly<Record<string, TableSummary>>;
  readonly customers: number;
  readonly rows: number;
  /** Chunks that an earlier run had brought in. */
  readonly chunksSkipped: number;
  /** One line for each of the first rejected rows. */
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** One import of each table costs the server a fixed time: chunks that are much smaller load slower. */
const CHUNK_CUSTOMERS = 5_000;
/** Two tables at a time: the server parses one while it compares and writes the other. */
const IMPORTS_AT_ONCE = 2;
/** Lets other work run between customers: making a book is all computing. */
const CUSTOMERS_A_TURN = 32;
const PROBLEMS = 20;

/**
 * Makes a book and imports it into a running server, customers in chunks, in one pass: reference rows first, the sums over the book last.
 * The rows of a chunk lie in temporary files, one a table; while they are posted, the next chunk is made. Imports are idempotent: a load
 * that is run again, whole or from where it broke off, adds nothing twice. Refused rows are counted, not thrown.
 *
 * @throws what the client throws when the server cannot be reached or refuses a file; the signal's reason when it is aborted
 */
export async function loadPortfolio(
  client: Client,
  options: LoadOptions,
  onProgress: (progress: LoadProgress) => void = () => undefined,
): Promise<LoadSummary> {
  const started = performance.now();
  const { portfolio, signal, chunkCustomers = CHUNK_CUSTOMERS } = options;
  const book = new Book(portfolio);
  const totals = new BookTotals(book);
  const record = await openRecord(options, chunkCustomers);
  const progress = new Progress(portfolio.customers, onProgress);
  const poster = new Poster(client, signal, progress.imported);
  const folder = await mkdtemp(join(tmpdir(), 'riskgraph-portfolio-'));
  let chunksSkipped = 0;
  let posting: Promise<void> = Promise.resolve();
  try {
    await poster.post(await spool(join(folder, 'reference'), [referenceRows(book)]));
    for (let from = 0; from < portfolio.customers; from += chunkCustomers) {
      const to = Math.min(from + chunkCustomers, portfolio.customers);
      const chunk = from / chunkCustomers;
      const chunkFolder = join(folder, `chunk-${chunk}`);
      const files = await spool(chunkFolder, chunkRows({ book, totals, from, to, signal, onMade: progress.made }));
      await posting;
      progress.next(from, to, files);
      posting = (async () => {
        // The record is only believed where the server has the chunk's customers: its state may have been wiped since.
        const isCustomers = ({ table }: TableFile): boolean => table === 'customers';
        const left = record.has(chunk) ? files.filter((file) => !isCustomers(file)) : files;
        if (record.has(chunk) && (await poster.post(files.filter(isCustomers))) === 0) chunksSkipped += 1;
        else await poster.post(left);
        await record.add(chunk);
        await rm(chunkFolder, { recursive: true, force: true });
      })();
      // Thrown where it is awaited, on the next turn.
      posting.catch(() => undefined);
    }
    await posting;
    await poster.post(await spool(join(folder, 'totals'), [totals.rows()]));
    onProgress({ fraction: 1, customers: portfolio.customers });
  } finally {
    await posting.catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
  return {
    ...poster.summary(),
    customers: portfolio.customers,
    chunksSkipped,
    seconds: (performance.now() - started) / 1000,
  };
}

async function spool(
  folder: string,
  bundles: Iterable<CustomerRows> | AsyncIterable<CustomerRows>,
): Promise<TableFile[]> {
  const files = new TableFiles(folder);
  try {
    for await (const rows of bundles) await files.add(rows);
  } catch (cause) {
    await files.close();
    throw cause;
  }
  return files.close();
}

interface Chunk {
  readonly book: Book;
  readonly totals: BookTotals;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal | undefined;
  readonly onMade: (customers: number) => void;
}

async function* chunkRows({ book, totals, from, to, signal, onMade }: Chunk): AsyncGenerator<CustomerRows> {
  for (let index = from; index < to; index++) {
    const rows = customerRows(book, index);
    totals.add(rows);
    yield rows;
    if (index % CUSTOMERS_A_TURN === 0) {
      signal?.throwIfAborted();
      onMade(index);
      await yieldToOthers();
    }
  }
}

/** How far the load is: customers made, and those of the chunk that is being imported by its share of rows. */
class Progress {
  private madeCustomers = 0;
  private importing = { from: 0, to: 0, rows: 1 };
  private rows = 0;

  constructor(
    private readonly customers: number,
    private readonly report: (progress: LoadProgress) => void,
  ) {}

  readonly made = (customers: number): void => {
    this.madeCustomers = customers;
    this.tell();
  };

  readonly imported = (rows: number): void => {
    this.rows += rows;
    this.tell();
  };

  next(from: number, to: number, files: readonly TableFile[]): void {
    this.importing = { from, to, rows: files.reduce((sum, file) => sum + file.rows, 0) };
    this.madeCustomers = to;
    this.rows = 0;
  }

  private tell(): void {
    const { from, to, rows } = this.importing;
    const customers = from + Math.floor((to - from) * Math.min(1, this.rows / rows));
    this.report({ fraction: (this.madeCustomers + customers) / (2 * this.customers), customers });
  }
}

/** Posts files and adds up what the server says of them. */
class Poster {
  private readonly tables: Record<string, TableSummary> = {};
  private readonly problems: string[] = [];
  private rows = 0;

  constructor(
    private readonly client: Client,
    private readonly signal: AbortSignal | undefined,
    private readonly onImported: (rows: number) => void,
  ) {}

  /** @returns how many of the rows the server did not have */
  async post(files: readonly TableFile[]): Promise<number> {
    // The largest first, so that no big one is left to run alone at the end.
    const waiting = [...files].sort((one, other) => one.rows - other.rows);
    let accepted = 0;
    const work = async (): Promise<void> => {
      for (let file = waiting.pop(); file; file = waiting.pop()) {
        this.signal?.throwIfAborted();
        accepted += await this.postFile(file);
      }
    };
    const workers = Array.from({ length: IMPORTS_AT_ONCE }, () =>
      work().catch((cause: unknown) => {
        waiting.length = 0;
        throw cause;
      }),
    );
    // The files go with what is thrown, so no one may be reading them then.
    await Promise.allSettled(workers);
    await Promise.all(workers);
    return accepted;
  }

  summary(): Pick<LoadSummary, 'tables' | 'rows' | 'problems'> {
    return { tables: this.tables, rows: this.rows, problems: this.problems };
  }

  private async postFile({ table, path, rows }: TableFile): Promise<number> {
    const result = await this.client.post<ImportResult>(`/import/${table}?history=true`, bytesOf(path), {
      'content-type': 'application/x-ndjson',
    });
    const sum = this.tables[table] ?? { accepted: 0, duplicates: 0, rejected: 0 };
    this.tables[table] = sum;
    sum.accepted += result.accepted;
    sum.duplicates += result.duplicates;
    sum.rejected += result.rejected;
    this.rows += rows;
    this.onImported(rows);
    for (const { line, column, reason } of result.quarantine)
      if (this.problems.length < PROBLEMS)
        this.problems.push(`${table}, row ${line}${column ? `, ${column}` : ''}: ${reason}`);
    return result.accepted;
  }
}

/** Opens the file once it is read: a stream that is opened for a server that is gone by then fails where no one listens. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { highWaterMark: 1 << 20 });
}

interface LoadRecord {
  has(chunk: number): boolean;
  add(chunk: number): Promise<void>;
}

/** The chunks that are in, in a file that names the very load: another seed, size or server begins a new record. */
async function openRecord({ portfolio, record }: LoadOptions, chunkCustomers: number): Promise<LoadRecord> {
  if (!record) return { has: () => false, add: async () => undefined };
  const { seed, endDate, customers, calendar } = portfolio;
  const load = { server: record.server, seed, endDate, customers, timezone: calendar.timezone, chunkCustomers };
  const text = await readFile(record.path, 'utf8').catch(() => '');
  const done = new Set(chunksOf(text, load));
  return {
    has: (chunk) => done.has(chunk),
    add: async (chunk) => {
      done.add(chunk);
      await writeFile(record.path, `${JSON.stringify({ load, chunks: [...done] })}\n`, { mode: 0o600 });
    },
  };
}

/** None when the record is of another load or cannot be read: importing again is right in any case. */
function chunksOf(text: string, load: object): number[] {
  try {
    const parsed = JSON.parse(text) as { load: unknown; chunks: number[] };
    return JSON.stringify(parsed.load) === JSON.stringify(load) ? parsed.chunks : [];
  } catch {
    return [];
  }
}
