/** An API over the definitions that pages show: rows in, jobs run, questions asked at local times as the pages write them. */
import { BusinessCalendar, formatInstant } from '../../src/core/helpers/time.js';
import { type Api, type ApiOptions, startApi } from '../support/api.js';

const calendar = new BusinessCalendar('Asia/Shanghai');

/** `2025-03-04 09:00[:00[.000]]`, local time, as RFC 3339 UTC. */
export function instantOf(local: string): string {
  const [day = '', time = ''] = local.split(' ');
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return formatInstant(calendar.startOfDay(day) + Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000));
}

export interface Served {
  readonly api: Api;
  /** The data of an answer without errors, asked as admin. */
  ask<T>(query: string, variables?: Readonly<Record<string, unknown>>): Promise<T>;
  /** Rows with their own `ingested_at`, or as known when they happened. */
  load(table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** Runs a mutation that gives a job, to its end. */
  run(mutation: string, variables?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Until the job is over; fails where it did not complete. */
  finished(id: string): Promise<void>;
  close(): Promise<void>;
}

export async function serve(definitions: string, options: ApiOptions = {}): Promise<Served> {
  const api = await startApi({ ...options, definitions });
  const worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
  const ask = async <T>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> => {
    const { data, errors } = await api.graphql<T>('admin', query, variables);
    if (errors.length > 0 || !data) throw new Error(JSON.stringify(errors));
    return data;
  };
  const finished = async (id: string): Promise<void> => {
    await api.jobEnded(id);
    const { job } = await ask<{ job: { state: string; error: string | null } }>(
      'query($id: ID!) { job(id: $id) { state error } }',
      { id },
    );
    if (job.state !== 'COMPLETED') throw new Error(`${job.state}: ${job.error}`);
  };
  return {
    api,
    ask,
    finished,
    async load(table, rows) {
      const response = await api.fetch('ingest', `/import/${table}?history=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
      });
      const reply = (await response.json()) as { accepted: number };
      if (reply.accepted !== rows.length) throw new Error(`${table}: ${JSON.stringify(reply)}`);
    },
    async run(mutation, variables) {
      const answer = await ask<Record<string, { id: string }>>(mutation, variables);
      await finished(Object.values(answer)[0]?.id as string);
    },
    async close() {
      await worker.close();
      await api.close();
    },
  };
}
