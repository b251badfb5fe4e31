/** Background jobs of a server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RiskgraphError } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

export const JOB_FIELDS = 'id name state progress result error';
const POLL_MS = 250;
const SLOWEST_POLL_MS = 2_000;
const SLOWER = 1.3;

export type JobState = 'WAITING' | 'ACTIVE' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** A job as it was when it was read. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** 0 to 1. */
  readonly progress: number;
  readonly result: unknown;
  readonly error: string | null;
}

export interface WaitOptions {
  /** Gives the waiting up after so many milliseconds; the job goes on. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called each time the progress, 0 to 1, has changed. */
  readonly onProgress?: ((progress: number) => void) | undefined;
}

export async function readJob(transport: Transport, id: string, call?: CallOptions): Promise<Job | null> {
  const document = `query($id: ID!) { job(id: $id) { ${JOB_FIELDS} } }`;
  return (await transport.read<{ readonly job: Job | null }>(document, { id }, call)).job;
}

/**
 * Waits until a job has ended.
 * @throws JOB_FAILED or JOB_CANCELLED with the reason; TIMEOUT where it has not ended in time; NOT_FOUND where there is no such job
 */
export async function waitForJob(transport: Transport, id: string, options: WaitOptions = {}): Promise<Job> {
  const { timeoutMs, signal, onProgress } = options;
  const ends = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  let shown: number | undefined;
  for (let pause = POLL_MS; ; pause = Math.min(pause * SLOWER, SLOWEST_POLL_MS)) {
    const job = await readJob(transport, id, { signal });
    if (job === null) throw new RiskgraphError({ code: 'NOT_FOUND', message: `the server has no job ${id}` });
    if (job.progress !== shown) onProgress?.(job.progress);
    shown = job.progress;
    if (job.state === 'COMPLETED') return job;
    if (job.state === 'FAILED' || job.state === 'CANCELLED') throw failureOf(job);
    if (performance.now() + pause > ends) {
      throw new RiskgraphError({
        code: 'TIMEOUT',
        message: `job ${id} has not ended after ${timeoutMs} ms`,
        hint: 'it goes on: wait for it again',
      });
    }
    await sleep(pause, undefined, signal ? { signal } : {});
  }
}

const failureOf = ({ id, state, error }: Job): RiskgraphError =>
  new RiskgraphError({
    code: state === 'FAILED' ? 'JOB_FAILED' : 'JOB_CANCELLED',
    message: error ?? `job ${id} was ${state.toLowerCase()}`,
    hint: `see job ${id}`,
  });
