/**
 * The whole stack as one command: the stores that have no URL, the API and the worker, each a process of its own.
 * Ends in the order that loses nothing: the worker when its jobs are done, the API, the stores.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import { serverUrl } from '../core/server-url.js';
import { type Child, startChild } from './child.js';
import { type ClickHouseTuning, typescriptFlags } from './clickhouse.js';
import { freePort } from './free-port.js';
import { type EmbeddedStores, type EmbeddedUrls, STORE_GONE_GRACE_MS, startEmbedded } from './index.js';
import { reserveListenAddress } from './listen-address.js';
import type { StoreEnd } from './store-end.js';

export type Role = 'api' | 'worker';

export interface SuperviseOptions {
  /** State folder of the embedded stores, also where pid files lie when every store is external. */
  readonly home: string;
  /** The environment of the roles; `POSTGRES_URL`, `REDIS_URL` and `CLICKHOUSE_URL` in it name external stores. */
  readonly env: NodeJS.ProcessEnv;
  /** Where the API listens; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** TypeScript entry of each role. */
  readonly entries?: Readonly<Record<Role, string>>;
  /** How long running jobs may take to finish after the first signal, in ms. */
  readonly finishJobsMs?: number;
  /** How long the API may take until GET /readyz is 200, in ms. */
  readonly readyTimeoutMs?: number;
  /** Waits before restarts of a crashed role, in ms; the last one repeats. */
  readonly restartDelaysMs?: readonly number[];
  /** From when on, after the first signal, another one is a person's second, in ms. */
  readonly secondSignalAfterMs?: number;
  readonly clickhouse?: ClickHouseTuning;
}

export interface Stack {
  /** Base URL of the API. */
  readonly url: string;
  /** The three URLs as the roles see them. */
  readonly stores: Required<EmbeddedUrls>;
  /**
   * Settles when everything has ended, with the exit code: 0 after a stop in good order, 130 after a forced one, 1 when
   * a store ended on its own.
   */
  readonly done: Promise<number>;
  /** Stops the stack, as the first Ctrl-C does. */
  stop(): Promise<number>;
  /** Aborted once it begins to end, for whatever reason. */
  readonly ending: AbortSignal;
}

const DEFAULT_ENTRIES: Readonly<Record<Role, string>> = {
  api: fileURLToPath(new URL('../server.ts', import.meta.url)),
  worker: fileURLToPath(new URL('../worker.ts', import.meta.url)),
};
const FINISH_JOBS_MS = 10 * 60_000;
const READY_TIMEOUT_MS = 120_000;
const API_GRACE_MS = 30_000;
/** How long the API may go on answering what does not need a store that is gone, in ms. */
const API_WITHOUT_STORE_MS = 4000;
/** Each start takes some seconds of a core by itself: longer waits would only keep callers waiting. */
const RESTART_DELAYS_MS = [500, 1000, 2000, 5000] as const;
/** A role that lived this long starts its waits anew. */
const STEADY_MS = 60_000;
/**
 * Objects that die young have this much room in MB, three times over. Left to itself, Node gives a machine with much memory 128 MB, which an
 * import fills and never hands back.
 */
const V8_FLAGS = ['--max-semi-space-size=16'];
/** Ctrl-C reaches us from the terminal and a second time through npm: only a later one is a person's second. */
const SECOND_SIGNAL_AFTER_MS = 1000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Starts the stack and returns when the API is ready; from the first moment on SIGINT, SIGTERM and SIGHUP stop it.
 * @throws RiskgraphError when the port or the folder is in use, a store does not start or the API does not get ready
 */
export async function superviseStack(options: SuperviseOptions): Promise<Stack> {
  const supervisor = new Supervisor(options);
  try {
    return await supervisor.start();
  } catch (cause) {
    const code = await supervisor.stop();
    // A person who pressed Ctrl-C while it started is told no error.
    throw supervisor.askedToStop ? new StoppedWhileStarting(code) : (supervisor.storeEnd?.error ?? cause);
  }
}

/** A signal ended the start: nothing went wrong, everything has ended. */
export class StoppedWhileStarting extends Error {
  constructor(readonly exitCode: number) {
    super('stopped while it started');
    this.name = 'StoppedWhileStarting';
  }
}

class Supervisor {
  askedToStop = false;
  /** The store that ended on its own, for which everything ends. */
  storeEnd: StoreEnd | undefined;
  private readonly children = new Map<Role, Child>();
  private readonly ending = new AbortController();
  private readonly finished: Promise<number>;
  private finish: (code: number) => void = () => undefined;
  private stopping: Promise<number> | undefined;
  private exitCode = 0;
  private firstSignalAt: number | undefined;
  private starting: Promise<EmbeddedStores> | undefined;
  /** Settles when no role is started again any more. */
  private kept: Promise<unknown> = Promise.resolve();
  private embedded: EmbeddedStores | undefined;
  private env: NodeJS.ProcessEnv = {};

  constructor(private readonly options: SuperviseOptions) {
    this.finished = new Promise((resolve) => {
      this.finish = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
    process.on('uncaughtException', this.onCrash);
  }

  async start(): Promise<Stack> {
    const { options } = this;
    const { env, log } = options;
    const external = { postgresUrl: env.POSTGRES_URL, redisUrl: env.REDIS_URL, clickhouseUrl: env.CLICKHOUSE_URL };
    const need = { postgres: !external.postgresUrl, redis: !external.redisUrl, clickhouse: !external.clickhouseUrl };
    const embedded = Object.entries(need).flatMap(([name, needed]) => (needed ? [name] : []));
    let port = options.port;
    if (embedded.length > 0) log.info({ stores: embedded }, `starting the embedded ${embedded.join(', ')}`);
    this.starting = startEmbedded({
      home: options.home,
      need,
      log,
      ...(options.clickhouse ? { clickhouse: options.clickhouse } : {}),
      // An API that a killed start left behind holds the port until the orphans are ended.
      beforeStores: async () => {
        port = await reserveListenAddress(options.host, options.port);
      },
      onExit: (end) => this.storeEnded(end),
    });
    this.embedded = await this.starting;
    this.refuseWhenStopped();
    const stores = { ...external, ...this.embedded.urls } as Required<EmbeddedUrls>;
    const metricsPort = env.RISKGRAPH_METRICS_PORT || String(await freePort());
    this.env = {
      ...process.env,
      // Else glibc keeps what eight arenas a core have freed: measured, a twentieth of what an import holds at its peak.
      MALLOC_ARENA_MAX: '2',
      // And what is larger goes back to the system as soon as it is freed: glibc else learns to keep up to 32 MB of it.
      MALLOC_MMAP_THRESHOLD_: String(2 ** 17),
      ...env,
      HOST: options.host,
      PORT: String(port),
      RISKGRAPH_HOME: options.home,
      POSTGRES_URL: stores.postgresUrl,
      REDIS_URL: stores.redisUrl,
      CLICKHOUSE_URL: stores.clickhouseUrl,
      RISKGRAPH_METRICS_PORT: metricsPort,
      // One address to scrape: the API's metrics hold the worker's.
      RISKGRAPH_WORKER_METRICS_URL: `http://127.0.0.1:${metricsPort}`,
    };
    const url = serverUrl(options.host, port);
    log.info({ url }, 'starting the API');
    const api = await this.startRole('api');
    await this.waitReady(url, api);
    // The API has prepared the stores by now, so the worker does not race it to their migrations.
    log.info({}, 'starting the worker');
    const worker = await this.startRole('worker');
    this.refuseWhenStopped();
    this.kept = Promise.all(
      [api, worker].map((child) =>
        this.keepRunning(child.name as Role, child).catch((error: unknown) => {
          log.error({ err: error, role: child.name }, `the ${child.name} cannot be started again: stopping`);
          this.exitCode = 1;
          void this.stop();
        }),
      ),
    );
    return {
      url,
      stores,
      done: this.finished,
      stop: () => this.stop(),
      ending: this.ending.signal,
    };
  }

  /** Ends everything once, in order. */
  stop(): Promise<number> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  private async stopInOrder(): Promise<number> {
    const { log, finishJobsMs = FINISH_JOBS_MS } = this.options;
    this.ending.abort();
    const worker = this.children.get('worker');
    if (worker && !worker.ended()) {
      if (!this.storeEnd) log.info({}, 'stopping: the worker finishes its running jobs; Ctrl-C again stops at once');
      await worker.stop(finishJobsMs);
    }
    await this.children.get('api')?.stop(API_GRACE_MS);
    // A role that was being started again at that moment has ended too.
    await this.kept;
    // Stores that are still starting are ended too, once they have.
    const stores = await this.starting?.catch(() => undefined);
    await stores?.close(this.storeEnd ? STORE_GONE_GRACE_MS : undefined);
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
    process.off('uncaughtException', this.onCrash);
    log.info({ code: this.exitCode }, 'stopped');
    this.finish(this.exitCode);
    return this.exitCode;
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (this.firstSignalAt === undefined) {
      this.firstSignalAt = now;
      this.askedToStop = true;
      this.options.log.info({ signal }, 'asked to stop');
      void this.stop();
      return;
    }
    const { secondSignalAfterMs = SECOND_SIGNAL_AFTER_MS } = this.options;
    if (now - this.firstSignalAt < secondSignalAfterMs || this.exitCode === 130) return;
    this.options.log.warn({ signal }, 'asked again: running jobs are cut off and resume at the next start');
    this.exitCode = 130;
    for (const child of this.children.values()) child.kill();
  };

  /** The children outlive us: an error of our own, or of what runs beside us, ends them in order too. */
  private readonly onCrash = (error: unknown): void => {
    this.options.log.error({ err: error }, 'an error that nothing caught: stopping');
    this.exitCode = 1;
    void this.stop();
  };

  /** The end of a store is the end of all, also of a stop that waits for jobs: jobs and requests would wait for that store in vain. */
  private storeEnded(end: StoreEnd): void {
    this.storeEnd ??= end;
    this.exitCode = 1;
    // The next start carries a killed worker's jobs through.
    this.children.get('worker')?.kill();
    setTimeout(() => this.children.get('api')?.kill(), API_WITHOUT_STORE_MS).unref();
    void this.stop();
  }

  private async startRole(role: Role): Promise<Child> {
    const { entries = DEFAULT_ENTRIES } = this.options;
    const child = await startChild((this.embedded as EmbeddedStores).home, {
      name: role,
      command: process.execPath,
      args: [...V8_FLAGS, ...typescriptFlags(), entries[role]],
      env: role === 'worker' ? { ...this.env, HOST: '127.0.0.1' } : this.env,
      stopSignal: 'SIGTERM',
      inheritOutput: true,
    });
    this.children.set(role, child);
    // A stop that began while it was being started has not seen it.
    if (this.stopping) await child.stop(this.storeEnd ? 0 : API_GRACE_MS);
    return child;
  }

  private async waitReady(url: string, api: Child): Promise<void> {
    const { readyTimeoutMs = READY_TIMEOUT_MS } = this.options;
    const deadline = performance.now() + readyTimeoutMs;
    let last = 'it did not answer';
    for (;;) {
      this.refuseWhenStopped();
      if (api.ended()) {
        const { code, signal } = await api.exited;
        throw notReady(`the API ended while it started (${signal ?? `exit code ${code}`})`);
      }
      try {
        // Not that of decisions: where Redis has lost its content, the worker that is started next restores it.
        const answer = await fetch(`${url}/readyz?duty=ingest`, { signal: AbortSignal.timeout(5000) });
        if (answer.ok) return;
        last = `GET /readyz answers ${answer.status}: ${(await answer.text()).slice(0, 500)}`;
      } catch {
        // Not listening yet.
      }
      if (performance.now() > deadline) {
        throw notReady(`the API was not ready within ${Math.round(readyTimeoutMs / 1000)} s: ${last}`);
      }
      await sleep(100);
    }
  }

  private refuseWhenStopped(): void {
    if (this.askedToStop || this.exitCode !== 0) throw notReady('the stack was stopped while it started');
  }

  /** Starts a role again each time it ends unasked, waiting longer the faster it fails. */
  private async keepRunning(role: Role, first: Child): Promise<void> {
    const { log, restartDelaysMs = RESTART_DELAYS_MS } = this.options;
    let child = first;
    let failures = 0;
    for (;;) {
      const since = performance.now();
      const { code, signal } = await child.exited;
      if (this.stopping || child.stopping()) return;
      if (performance.now() - since > STEADY_MS) failures = 0;
      const delay = restartDelaysMs[Math.min(failures, restartDelaysMs.length - 1)] ?? 0;
      failures++;
      log.error({ role, code, signal, delay }, `the ${role} ended on its own and is started again`);
      await sleep(delay, undefined, { signal: this.ending.signal }).catch(() => undefined);
      if (this.stopping) return;
      child = await this.startRole(role);
    }
  }
}

const notReady = (message: string): RiskgraphError =>
  new RiskgraphError({ code: 'STORE_UNAVAILABLE', message, hint: 'see the lines that it wrote above' });
