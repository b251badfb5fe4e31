import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Between, type DataSource, In, Not, type QueryRunner } from 'typeorm';
import { RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { RunChange, RunLedger, RunRecord } from '../core/ports/materialize.js';
import { MaterializationRunEntity } from './materialization-run.js';

/** Short against a run, long enough that waiting costs Postgres nothing. */
const LOCK_RETRY_MS = 200;
/** A heartbeat tells of a lock lost without a word, and keeps what lies between from closing an idle connection. */
const HEARTBEAT_MS = 10_000;
/** A machine with too much to do answers late, and a process that was stopped hears its clock before its connections. */
const BEATS_TO_MISS = 3;

/** The newest runs say how fast a view is now. */
const RUNS_OF_A_PACE = 200;

/** 64 bits of the name's hash: advisory locks are numbers. */
const lockNumber = (viewId: string): string =>
  createHash('sha256').update(`materialize:${viewId}`).digest().readBigInt64BE().toString();

/** Runs in Postgres: where each stands, and the lock that lets one process at a time work on a view. */
export function createRunLedger(dataSource: DataSource): RunLedger {
  const runs = dataSource.getRepository(MaterializationRunEntity);

  const beginAll: RunLedger['beginAll'] = async (given) => {
    if (given.length === 0) return [];
    await runs
      .createQueryBuilder()
      .insert()
      .values(given.map((run) => ({ ...run, stage: 'STARTED', shardsDone: [] })))
      .orIgnore()
      .execute();
    const found = await runs.find({ where: given.map(({ jobId, viewId, asOf }) => ({ jobId, viewId, asOf })) });
    return given.map((run) => {
      const { jobId, viewId, asOf } = run;
      const own = found.find((each) => each.jobId === jobId && each.viewId === viewId && each.asOf === asOf);
      if (own) return own;
      throw new RiskgraphError({ code: 'INTERNAL', message: `the run of ${viewId} that was begun is not there` });
    });
  };

  const updateAll: RunLedger['updateAll'] = async (changes, turn) => {
    // What is said of many runs is said once.
    const same = new Map<string, { readonly change: RunChange; readonly ids: number[] }>();
    for (const { id, change } of changes) {
      const text = JSON.stringify(change);
      const group = same.get(text) ?? { change, ids: [] };
      group.ids.push(id);
      same.set(text, group);
    }
    await dataSource.transaction(async (manager) => {
      if (turn) {
        // The row stays locked until the changes are there: who takes the view next sees them.
        const [found] = (await manager.query('SELECT turn FROM view_turn WHERE view_id = $1 FOR SHARE', [
          turn.viewId,
        ])) as { turn: string }[];
        if (Number(found?.turn) !== turn.number) throw turnOver(turn.viewId);
      }
      for (const { change, ids } of same.values()) {
        const { shardsDone, ...rest } = change;
        await manager
          .createQueryBuilder()
          .update(MaterializationRunEntity)
          .set({ ...rest, ...(shardsDone ? { shardsDone: [...shardsDone] } : {}) })
          .where({ id: In(ids) })
          .execute();
      }
    });
  };

  return {
    beginAll,
    updateAll,

    async begin(run) {
      const [begun] = (await beginAll([run])) as [RunRecord];
      return begun;
    },

    async numberAbove(run) {
      const counter = "pg_get_serial_sequence('materialization_run', 'id')::regclass";
      const newest = async (of: Pick<DataSource, 'query'>): Promise<number> => {
        const [row] = (await of.query(`SELECT pg_sequence_last_value(${counter}) AS newest`)) as { newest: string }[];
        return Number(row?.newest ?? 0);
      };
      if ((await newest(dataSource)) >= run) return;
      await dataSource.transaction(async (manager) => {
        // No run takes a number meanwhile: the counter would be put back behind it.
        await manager.query('LOCK TABLE materialization_run IN EXCLUSIVE MODE');
        if ((await newest(manager)) < run) await manager.query(`SELECT setval(${counter}, $1)`, [run]);
      });
    },

    update: (id, change, turn) => updateAll([{ id, change }], turn),

    unfinished: (viewId): Promise<RunRecord[]> =>
      runs.find({ where: { viewId, stage: Not('COMMITTED') }, order: { id: 'ASC' } }),

    async committed(viewIds) {
      const found: { viewId: string; asOf: Date }[] = await runs
        .createQueryBuilder('run')
        .select('run.view_id', 'viewId')
        .addSelect('max(run.as_of)', 'asOf')
        .where({ viewId: In([...viewIds]), stage: 'COMMITTED', kind: 'LIVE' })
        .groupBy('run.view_id')
        .getRawMany();
      return new Map<string, Instant>(found.map(({ viewId, asOf }) => [viewId, asOf.getTime()]));
    },

    async done(viewId, { from, to }) {
      const found: { asOf: Date }[] = await runs
        .createQueryBuilder('run')
        .select('DISTINCT run.as_of', 'asOf')
        .where({ viewId, stage: 'COMMITTED', asOf: Between(from, to) })
        .orderBy('run.as_of')
        .getRawMany();
      return found.map(({ asOf }) => asOf.getTime());
    },

    async pace(viewId) {
      const measured: { rows: string; seconds: string }[] = await dataSource.query(
        `SELECT counts->>'rows' AS rows, counts->>'seconds' AS seconds FROM materialization_run
         WHERE view_id = $1 AND stage = 'COMMITTED' AND counts ? 'seconds' ORDER BY id DESC LIMIT ${RUNS_OF_A_PACE}`,
        [viewId],
      );
      const sum = (values: readonly string[]) => values.reduce((total, value) => total + Number(value), 0);
      return measured.length === 0
        ? null
        : {
            runs: measured.length,
            rows: sum(measured.map(({ rows }) => rows)),
            seconds: sum(measured.map(({ seconds }) => seconds)),
          };
    },

    async withViewLock(viewId, body, signal) {
      const { session, connection, number } = await holding(dataSource, viewId, signal);
      const lost = new AbortController();
      const lose = () => lost.abort(lockLost(viewId));
      try {
        connection.once('error', lose).once('end', lose);
        const beat = heartbeat(() => session.query('SELECT 1'), lose);
        try {
          return await body(lost.signal, await nextTurn(session, viewId));
        } finally {
          clearInterval(beat);
          connection.off('error', lose).off('end', lose);
          await session.query('SELECT pg_advisory_unlock($1::bigint)', [number]).catch(() => undefined);
        }
      } finally {
        await session.release();
      }
    },
  };
}

interface Holding {
  /** The lock is its session's and ends with the connection, so a killed process leaves none behind. */
  readonly session: QueryRunner;
  readonly connection: EventEmitter;
  readonly number: string;
}

/** Those who wait keep no connection between two attempts: a dozen of them would leave none to whoever they wait for. */
async function holding(dataSource: DataSource, viewId: string, signal: AbortSignal | undefined): Promise<Holding> {
  const number = lockNumber(viewId);
  for (;;) {
    const session = dataSource.createQueryRunner();
    try {
      const connection = (await session.connect()) as EventEmitter;
      if (await locked(session, number)) return { session, connection, number };
      await session.release();
    } catch (cause) {
      await session.release();
      throw notLocked(viewId, cause);
    }
    // Whoever waits inside another lock may have lost that one: such a job is tried again, and no one has cancelled it.
    if (signal?.aborted) throw signal.reason instanceof RiskgraphError ? signal.reason : cancelledWaiting(viewId);
    await sleep(LOCK_RETRY_MS);
  }
}

/**
 * Turns of a view have numbers that grow, so that whoever held it before can be told from who holds it now. They grow with the time too: where
 * Postgres was put back from a backup, the offline store knows of turns behind those of the backup, and would refuse all up to them.
 */
async function nextTurn(session: QueryRunner, viewId: string): Promise<number> {
  const [row] = (await session.query(
    `INSERT INTO view_turn AS t (view_id, turn) VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
     ON CONFLICT (view_id) DO UPDATE SET turn = greatest(t.turn + 1, excluded.turn) RETURNING turn`,
    [viewId],
  )) as { turn: string }[];
  return Number(row?.turn);
}

/** A server that is gone without a word is missed after some beats without an answer. */
export function heartbeat(ask: () => Promise<unknown>, lose: () => void, everyMs = HEARTBEAT_MS): NodeJS.Timeout {
  let unanswered = 0;
  let open = false;
  return setInterval(() => {
    if (open) {
      if (++unanswered >= BEATS_TO_MISS) lose();
      return;
    }
    open = true;
    unanswered = 0;
    ask().then(() => {
      open = false;
    }, lose);
  }, everyMs).unref();
}

async function locked(session: { query(sql: string, values: unknown[]): Promise<unknown> }, number: string) {
  const [row] = (await session.query('SELECT pg_try_advisory_lock($1::bigint) AS locked', [number])) as {
    locked: boolean;
  }[];
  return row?.locked === true;
}

/** Of a code that lets a job be tried again, whatever the driver's words. */
const notLocked = (viewId: string, cause: unknown): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `Postgres gave no lock on ${viewId}`,
    hint: 'try again; if it stays so, see whether Postgres runs and takes connections',
    cause,
  });

const cancelledWaiting = (viewId: string): RiskgraphError =>
  new RiskgraphError({ code: 'CONFLICT', message: `cancelled while another job worked on ${viewId}` });

const turnOver = (viewId: string): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `another process has taken ${viewId} since this job began to work on it`,
    hint: 'the next run of the view finishes what was begun; see whether Postgres was restarted',
  });

const lockLost = (viewId: string): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `the connection to Postgres that held ${viewId} for this job broke off`,
    hint: 'the next run of the view finishes what was begun; see whether Postgres was restarted',
  });
