/** The mutation, its job and the worker, on a book that came in by the import API. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Api, startApi } from '../support/api.js';
import { middayClock } from '../support/clock.js';
import { ROOT } from '../support/views.js';

interface Job {
  readonly id: string;
  readonly state: string;
  readonly result: unknown;
}

const FILES = {
  loans: [
    'loan_id,customer_id,product,disbursed_at,principal,term_months,annual_rate',
    'L1,C1,CASH_LINE,2026-01-10T09:00:00+08:00,200.00,2,0.24',
  ],
  installments: [
    'loan_id,installment_no,effective_at,customer_id,due_date,principal_due,interest_due',
    'L1,1,2026-01-10T09:00:00+08:00,C1,2026-02-10,100.00,4.00',
    'L1,2,2026-01-10T09:00:00+08:00,C1,2026-03-10,100.00,2.00',
  ],
  repayments: [
    'repayment_id,loan_id,customer_id,installment_no,paid_at,principal_paid,interest_paid',
    'R1,L1,C1,1,2026-02-12T20:00:00+08:00,100.00,4.00',
    'R2,L1,C1,2,2026-03-10T20:00:00+08:00,100.00,2.00',
  ],
};

let api: Api;
let worker: { close(): Promise<void> };

beforeAll(async () => {
  api = await startApi({ definitions: ROOT, clock: middayClock });
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
  for (const [table, lines] of Object.entries(FILES)) {
    const response = await api.fetch('ingest', `/import/${table}?history=true`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: `${lines.join('\n')}\n`,
    });
    expect(await response.json()).toMatchObject({ accepted: lines.length - 1, rejected: 0 });
  }
});

afterAll(async () => {
  await worker.close();
  await api.close();
});

async function derived(mutation: string): Promise<Job> {
  const { data, errors } = await api.graphql<Record<string, Job>>('admin', `mutation { ${mutation} { id } }`);
  expect(errors).toEqual([]);
  const [{ id }] = Object.values(data ?? {}) as [Job];
  await api.jobEnded(id);
  const answer = await api.graphql<{ job: Job }>('admin', 'query($id: ID!) { job(id: $id) { id state result } }', {
    id,
  });
  return (answer.data as { job: Job }).job;
}

it('derives the loan-days of the book up to the day that is asked for, then the rest, then nothing', async () => {
  const first = await derived('deriveLoanSnapshots(through: "2026-02-11")');
  // 10 January to 11 February, the last of them one day late.
  expect(first).toMatchObject({
    state: 'COMPLETED',
    result: { loans: 1, rows: 33, changed: 0, through: '2026-02-11' },
  });
  const rest = await derived('deriveLoanSnapshots');
  // 12 February to the closing row of 10 March.
  expect(rest).toMatchObject({ state: 'COMPLETED', result: { loans: 1, rows: 27, changed: 0 } });
  expect(await derived('deriveLoanSnapshots')).toMatchObject({ state: 'COMPLETED', result: { rows: 0, changed: 0 } });
});

it('names what is wrong with a day that is none', async () => {
  const { errors } = await api.graphql('admin', 'mutation { deriveLoanSnapshots(through: "2026-02-31") { id } }');
  expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
});
