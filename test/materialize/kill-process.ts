/**
 * A worker in a process of its own, for tests that kill it. Its one argument is a KillPlan as JSON. It materializes by the real job
 * definitions over the real stores; only its ports are wrapped, so that the process can end itself between two of their calls.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { JobDefinition } from '../../src/core/definitions/registry.js';
import { BusinessCalendar, formatInstant } from '../../src/core/helpers/time.js';
import type { JobServices } from '../../src/core/ports/job-services.js';
import type { PortfolioScores, RunLedger } from '../../src/core/ports/materialize.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import type { OfflineWriter, OfflineWriters } from '../../src/core/ports/offline-writer.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createJobLedger } from '../../src/ledgers/job-ledger.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { createRunLedger } from '../../src/ledgers/run-ledger.js';
import { createMaterializer } from '../../src/materialize/materializer.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { servicesFor } from '../../src/queue/needs.js';
import { openClickHouse } from '../../src/warehouse/client.js';
import { offlineOn } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { catalogueOf, jobsOf } from '../queue/jobs-of.js';
import { openScoring, scoredViews } from './scored.js';
import { clickhouseAt, factsView, noArrivals, noScores, noWholeDays, PREFIX, TIMEZONE } from './views.js';

export interface KillPlan {
  readonly urls: { readonly postgres: string; readonly redis: string; readonly clickhouse: string };
  readonly views: readonly string[];
  /** A model over views of its own, see `scoredViews`; the views are then that of its scores. */
  readonly model?: string;
  /** A job to run to its end, without a queue; absent: work for the queue until killed. */
  readonly job?: {
    readonly id: string;
    readonly name: 'materialize' | 'backfill' | 'score_portfolio';
    readonly payload: object;
  };
  /** Where its clock stands; absent: the machine's. */
  readonly now?: number;
  /** Seams at which a process died, one a line: this one dies at the first that is not there, after adding it. */
  readonly seams?: string;
  /** As-ofs of a chunk of a backfill; its seams are then told apart by the chunk's first as-of. */
  readonly asOfsACommit?: number;
  /** Pattern of the seams at which it may die; absent: at all. */
  readonly dieAfter?: string;
}

export const killJobs = async (): Promise<ReadonlyMap<string, JobDefinition>> =>
  jobsOf({
    materialize: (await import('../../jobs/materialize.js')).default,
    backfill: (await import('../../jobs/backfill.js')).default,
    score_portfolio: (await import('../../jobs/score_portfolio.js')).default,
  });

/** Small shards, so that a run has several. */
const ROWS_A_SHARD = 900;

if (import.meta.filename === process.argv[1]) await main(JSON.parse(process.argv[2] as string) as KillPlan);

async function main({ urls, views: names, model, job, now, seams, dieAfter, asOfsACommit }: KillPlan): Promise<void> {
  const clock = now === undefined ? Date.now : () => now;
  const { dataSource } = await openDatabase({ url: urls.postgres, log: silentLog });
  const { client } = await openRedis({ url: urls.redis, log: silentLog, purpose: 'queue' });
  const clickhouse = openClickHouse({
    ...clickhouseAt(urls.clickhouse),
    log: silentLog,
    metrics: noMetrics,
  });
  const calendar = new BusinessCalendar(TIMEZONE);
  const watch = watcher(seams, new RegExp(dieAfter ?? ''), asOfsACommit !== undefined);
  const ports = offlineOn(clickhouse, calendar);
  const offline = watch.port('offline', ports.offline);
  const writers: OfflineWriters = {
    ...watch.port('offline', ports.writers),
    // Its writer has seams of its own.
    writer: async (view, lease) => watch.port('offline', await ports.writers.writer(view, lease)),
  };
  const online = watch.port(
    'online',
    createOnlineStore({ client, prefix: PREFIX, clock, log: silentLog, metrics: noMetrics }),
  );
  const ledger = watch.port('ledger', createRunLedger(dataSource));
  const leases = createLeases(dataSource);
  const common = { calendar, clock, log: silentLog, metrics: noMetrics };
  const scored = model === undefined ? undefined : await scoredViews(model);
  const scores = scored
    ? watch.port('scores', (await openScoring({ clickhouse, offline, leases, clock }, [scored.model])).scores)
    : noScores;
  const materializer = createMaterializer({
    arrivals: noArrivals,
    completeness: noWholeDays,
    derived: [],
    ...common,
    offline,
    writers,
    online,
    ledger,
    leases,
    scores,
    rowsAShard: ROWS_A_SHARD,
    ...(asOfsACommit === undefined ? {} : { asOfsACommit }),
  });
  const views = scored ? [scored.view] : names.map((name) => factsView({}, name));
  const services: Partial<JobServices> = {
    offline,
    offlineWriters: writers,
    online,
    materializer,
    catalogue: catalogueOf(views, scored?.model),
  };
  const jobs = await killJobs();
  if (!job) {
    // Loaded by those alone who work for it: most of these processes run one job, and what they load is most of what they do.
    const { createQueue } = await import('../../src/queue/queue.js');
    const telling = new Map(
      [...jobs].map(([name, definition]) => [name, { ...definition, run: told(definition.run) }]),
    );
    const queue = createQueue({ ...common, redis: client, jobs: telling, ledger: createJobLedger(dataSource) });
    await queue.startWorker({ services });
    return;
  }
  const definition = jobs.get(job.name) as JobDefinition;
  const context = {
    jobId: job.id,
    scheduledFor: clock(),
    now: clock,
    log: silentLog,
    metrics: noMetrics,
    services: servicesFor(definition, services),
  };
  const progress = { signal: new AbortController().signal, report: async () => undefined };
  await definition.run({ ...context, ...progress }, definition.payload.parse(job.payload));
  process.exit(0);
}

/** Says to the parent that the job's body begins. */
function told(run: JobDefinition['run']): JobDefinition['run'] {
  return (context, payload) => {
    process.send?.('running');
    return run(context, payload);
  };
}

/** The first as-of of the chunk that a call is about, as far as its arguments say. */
function chunkOf(method: string, args: readonly unknown[]): number | undefined {
  if (method === 'stageRuns') return (args[0] as { asOf: number }[])[0]?.asOf;
  if (method === 'commitRuns') return (args[0] as { run: { asOf: number } }[])[0]?.run.asOf;
  if (method === 'dropStages') return (args[0] as { asOf: number }[])[0]?.asOf;
  return undefined;
}

function watcher(file: string | undefined, wanted: RegExp, inChunks: boolean) {
  const passed = new Set(file && existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
  let phase = 'new';

  const seam = (name: string): void => {
    // Chunks overlap: in which phase one passes a step is left to the machine.
    const label = name.includes(' from ') ? `after ${name}` : `${phase}: after ${name}`;
    if (!file || passed.has(label) || !wanted.test(label)) return;
    appendFileSync(file, `${label}\n`);
    process.kill(process.pid, 'SIGKILL');
  };

  const follow = (method: string, args: readonly unknown[], result: unknown): string => {
    const [first] = method === 'updateAll' ? (args[0] as { change: { stage?: string } }[]) : [];
    const [begun] = method === 'beginAll' ? (result as { stage?: string }[]) : [];
    const change = method === 'update' ? (args[1] as { stage?: string }) : first?.change;
    const stage = (change ?? (method === 'begin' ? (result as { stage?: string }) : begun))?.stage;
    if (stage) phase = stage;
    const chunk = inChunks ? chunkOf(method, args) : undefined;
    if (chunk !== undefined) return `${method} from ${formatInstant(chunk)}`;
    return change ? `${method} of ${Object.keys(change).join(' and ')}` : method;
  };

  async function* batches(name: string, source: AsyncIterable<unknown>): AsyncIterable<unknown> {
    for await (const batch of source) {
      yield batch;
      seam(`a batch of ${name}`);
    }
  }

  return {
    port<T extends OfflineReader | OfflineWriters | OfflineWriter | OnlineStore | RunLedger | PortfolioScores>(
      name: string,
      port: T,
    ): T {
      const wrapped = Object.entries(port).map(([method, body]: [string, (...args: unknown[]) => unknown]) => [
        method,
        (...args: unknown[]) => {
          const result = body.apply(port, args);
          if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
            return batches(`${name}.${method}`, result as AsyncIterable<unknown>);
          }
          return (result as Promise<unknown>).then((value) => {
            seam(`${name}.${follow(method, args, value)}`);
            return value;
          });
        },
      ]);
      return Object.fromEntries(wrapped) as T;
    },
  };
}
