/**
 * Stops the processes of one store after the other (SIGSTOP) under an API process, and measures how late reads with a deadline of 300 ms are
 * answered, and what: `node --import ./bin/typescript.js bench/hanging-stores.ts [seconds]`, 15 by default for each store. Twenty reads a second of Redis, ten
 * of Postgres and five of ClickHouse, each sent whether or not the one before was answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiStack, customer, decision, keyOf, startApiStack } from './api-stack.js';

const DEADLINE_MS = 300;

const READS = {
  redis: { role: 'decision', everyMs: 50, body: decision },
  clickhouse: {
    role: 'modeler',
    everyMs: 200,
    body: (index: number) =>
      JSON.stringify({
        query: `{ customer(id: "${customer(index)}", asOf: "2026-01-01T00:00:00Z") { paymentRhythm { _status } } }`,
      }),
  },
  postgres: { role: 'admin', everyMs: 100, body: () => '{"query":"{ jobs { id } }"}' },
} as const;
type Store = keyof typeof READS;

interface Answer {
  readonly sentAt: number;
  readonly ms: number;
  readonly what: string;
}

function outcome(text: string): string {
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  return code ?? (text.includes('"ERROR"') ? 'ERROR' : 'answered');
}

async function read({ url }: ApiStack, store: Store, index: number, deadlineMs = DEADLINE_MS): Promise<Answer> {
  const { role, body } = READS[store];
  const sentAt = performance.now();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${keyOf(role)}`,
      'x-deadline-ms': String(deadlineMs),
    },
    body: body(index),
  });
  const what = outcome(await response.text());
  return { sentAt, ms: performance.now() - sentAt, what };
}

async function readFor(stack: ApiStack, store: Store, seconds: number): Promise<Answer[]> {
  const sent: Promise<Answer>[] = [];
  const until = performance.now() + seconds * 1_000;
  for (let index = 0; performance.now() < until; index++) {
    sent.push(read(stack, store, index));
    await sleep(READS[store].everyMs);
  }
  return Promise.all(sent);
}

function report(what: string, answers: readonly Answer[]): void {
  const ms = answers.map((answer) => answer.ms).sort((a, b) => a - b);
  const at = (share: number) => Math.round(ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? 0);
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer.what, (counts.get(answer.what) ?? 0) + 1);
  const late = answers.filter((answer) => answer.ms > DEADLINE_MS + 50).length;
  console.log(
    `${what}: ${answers.length} reads, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ${late} more than 50 ms late; ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}`,
  );
}

const seconds = Number(process.argv[2] ?? 15);
const stack = await startApiStack();
try {
  for (const store of ['redis', 'clickhouse', 'postgres'] as const) {
    await readFor(stack, store, 3);
    report(`${store} answers`, await readFor(stack, store, 3));
    const pids = await stack.pidsOf(store);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const hanging = await readFor(stack, store, seconds);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    const waited = hanging.filter((answer) => answer.ms > DEADLINE_MS / 2);
    report(`${store} stopped, callers that waited`, waited);
    report(
      `${store} stopped, callers that did not`,
      hanging.filter((answer) => !waited.includes(answer)),
    );
    const resumedAt = performance.now();
    for (let index = 0; (await read(stack, store, index, 60_000)).what !== 'answered'; index++) await sleep(20);
    console.log(`${store} goes on: answered ${Math.round(performance.now() - resumedAt)} ms later`);
  }
} finally {
  await stack.close();
}
