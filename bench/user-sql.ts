/**
 * Reads historical features beside another caller's ten refused training sets at a time, whose SQL is heavy, and compares with the same reads
 * alone: `node --import ./bin/typescript.js bench/user-sql.ts [seconds]`, 15 by default for each.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { customer, keyOf, startApiStack } from './api-stack.js';

const PAUSE_MS = 100;
const AT_ONCE = 10;
/** An answer that takes longer counts as none. */
const PATIENCE_MS = 60_000;

/** Each computes what no check needs, and lacks the column event_timestamp. */
const HEAVY = [
  'SELECT customer_id, (SELECT sum(cityHash64(a, b)) FROM (SELECT arrayJoin(range(1000000)) AS a) AS x, (SELECT arrayJoin(range(200)) AS b) AS y) AS n FROM applications',
  "SELECT customer_id, (SELECT uniqExact(a, b) FROM (SELECT arrayJoin(range(100000)) AS a) AS x, (SELECT arrayJoin(range(50)) AS b) AS y) AS n FROM applications WHERE kind = 'LOAN'",
];

const seconds = Number(process.argv[2] ?? 15);
const stack = await startApiStack({
  RISKGRAPH_KEYS: [...keys('modeler', 'modeler:other'), `admin=${keyOf('admin')}`].join(','),
});

function keys(...names: string[]): string[] {
  return names.map((entry) => {
    const [role = '', name = role] = entry.split(':');
    return `${entry}=${keyOf(role as 'modeler', name)}`;
  });
}

async function post(key: string, query: string, variables: object): Promise<string> {
  const response = await fetch(`${stack.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => null);
  return response ? response.text() : '"code":"NONE"';
}

const SPINE = {
  customer_id: Array.from({ length: 100 }, (_, index) => customer(index)),
  event_timestamp: Array.from({ length: 100 }, () => '2026-01-01T00:00:00Z'),
};

interface Read {
  readonly ms: number;
  readonly what: string;
}

const outcome = (text: string): string => /"code":"(\w+)"/.exec(text)?.[1] ?? 'answered';

async function read(): Promise<Read> {
  const startedAt = performance.now();
  const text = await post(
    keyOf('modeler'),
    'query($spine: JSONObject!) { historicalFeatures(features: ["payment_rhythm@1:instalments_due"], spine: $spine) { rowCount } }',
    { spine: SPINE },
  );
  return { ms: performance.now() - startedAt, what: outcome(text) };
}

async function reads(until: number): Promise<Read[]> {
  const taken: Read[] = [];
  while (performance.now() < until) {
    taken.push(await read());
    await sleep(PAUSE_MS);
  }
  return taken;
}

async function refused(until: number): Promise<string[]> {
  const answers: string[] = [];
  const caller = async (which: number) => {
    while (performance.now() < until) {
      const text = await post(
        keyOf('modeler', 'other'),
        'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id } }',
        {
          input: {
            name: 'heavy',
            features: ['payment_rhythm@1:instalments_due'],
            spineSql: HEAVY[which % HEAVY.length],
          },
        },
      );
      answers.push(outcome(text));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, which) => caller(which)));
  return answers;
}

const counts = (words: readonly string[]): string =>
  [...new Set(words)].map((word) => `${words.filter((each) => each === word).length} ${word}`).join(', ') || 'none';

function median(all: readonly Read[], share = 0.5): number {
  const ms = all.map((each) => each.ms).sort((a, b) => a - b);
  return ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? 0;
}

const report = (name: string, all: readonly Read[]): void =>
  console.log(
    `${name}: p50 ${Math.round(median(all))} ms, p99 ${Math.round(median(all, 0.99))} ms; ${counts(all.map(({ what }) => what))}`,
  );

try {
  await reads(performance.now() + 3_000);
  const alone = await reads(performance.now() + seconds * 1_000);
  const until = performance.now() + seconds * 1_000;
  const [beside, answers] = await Promise.all([reads(until), refused(until)]);
  report('alone', alone);
  report('beside', beside);
  console.log(`ratio p50 ${(median(beside) / median(alone)).toFixed(1)}; refused calls: ${counts(answers)}`);
} finally {
  await stack.close();
}
