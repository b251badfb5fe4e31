/**
 * Sends decisions to one API process at one, two and five times what it can answer, whether or not the ones before were answered, and counts
 * those that came whole within their deadline: `node --import ./bin/typescript.js bench/overload.ts [rounds] [deadline]`, 6 and 300 ms by default. Before each such slice of
 * two seconds another measures what the process can answer at this moment, with sixteen callers that send one after the other. So other work on
 * the machine disturbs both alike. Ends with two callers of different appetite.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyOf, startApiStack } from './api-stack.js';
import { type Answer, createLoad, type What } from './load.js';

const SLICE_MS = 2_000;
const CALLERS = 16;
/** Of Linux. */
const TICKS_A_SECOND = 100;

const rounds = Number(process.argv[2] ?? 6);
const deadlineMs = Number(process.argv[3] ?? 300);
const stack = await startApiStack({ RISKGRAPH_DEADLINE_MS: String(deadlineMs) });
const load = createLoad(stack.url, { limitMs: deadlineMs + 50 });

/** Processor seconds that the API process has used. */
async function processor(): Promise<number> {
  const fields = (await readFile(`/proc/${stack.api}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

interface Slice {
  readonly answers: readonly Answer[];
  readonly seconds: number;
  readonly processor: number;
}

async function slice(body: (until: number) => Promise<Answer[]>, ms = SLICE_MS): Promise<Slice> {
  const before = await processor();
  const startedAt = performance.now();
  const answers = await body(startedAt + ms);
  const seconds = (performance.now() - startedAt) / 1_000;
  return { answers, seconds, processor: (await processor()) - before };
}

/** As many callers as the process works on at once, each sending one after the other. */
const saturate = (ms?: number): Promise<Slice> =>
  slice(async (until) => {
    const answers: Answer[] = [];
    const caller = async () => {
      while (performance.now() < until) answers.push(await load.ask(keyOf('decision'), 60_000));
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return answers;
  }, ms);

/** Sends at a rate, in steps of a few milliseconds. */
const send = (key: string, rate: number, ms?: number): Promise<Slice> =>
  slice(async (until) => {
    const answers: Promise<Answer>[] = [];
    const startedAt = performance.now();
    for (let now = startedAt; now < until; now = performance.now()) {
      while (answers.length < ((now - startedAt) / 1_000) * rate) answers.push(load.ask(key));
      await sleep(4);
    }
    return Promise.all(answers);
  }, ms);

const sumOf = (slices: readonly Slice[]): Slice => ({
  answers: slices.flatMap(({ answers }) => answers),
  seconds: slices.reduce((sum, { seconds }) => sum + seconds, 0),
  processor: slices.reduce((sum, each) => sum + each.processor, 0),
});
const thatAre = (answers: readonly Answer[], what: What) => answers.filter((answer) => answer.what === what);
function percentile(answers: readonly Answer[], share: number): number {
  const ms = answers.map((answer) => answer.ms).sort((a, b) => a - b);
  return Math.round(ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? 0);
}

function report(name: string, { answers, seconds, processor }: Slice, saturation: Slice): void {
  const good = thatAre(answers, 'good');
  const refused = thatAre(answers, 'OVERLOADED');
  const rest = (['late', 'ERROR', 'TIMEOUT', 'reset', 'other'] as const)
    .map((what) => [thatAre(answers, what).length, what] as const)
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`);
  const full = saturation.answers.length;
  const share = (ours: number, theirs: number) => `${Math.round((100 * ours) / theirs)} %`;
  console.log(
    [
      `${name}: ${Math.round(answers.length / seconds)} sent/s, ${Math.round(good.length / seconds)} good/s`,
      `${share(good.length / seconds, full / saturation.seconds)} of ${Math.round(full / saturation.seconds)}/s`,
      `a processor second: ${share(good.length / processor, full / saturation.processor)} of ${Math.round(full / saturation.processor)}`,
      `good p50 ${percentile(good, 0.5)} p99 ${percentile(good, 0.99)} ms`,
      `${refused.length} OVERLOADED p50 ${percentile(refused, 0.5)} p99 ${percentile(refused, 0.99)} ms`,
      rest.join(', ') || 'nothing else',
    ].join('; '),
  );
}

try {
  await saturate(10_000);
  const measured = new Map<number, { readonly sent: Slice[]; readonly saturation: Slice[] }>();
  for (let round = 0; round < rounds; round++) {
    for (const times of [1, 2, 5]) {
      const before = await saturate();
      const all = measured.get(times) ?? { sent: [], saturation: [] };
      all.sent.push(await send(keyOf('decision'), (before.answers.length / before.seconds) * times));
      all.saturation.push(before, await saturate());
      measured.set(times, all);
    }
  }
  for (const [times, { sent, saturation }] of measured) report(`${times} times`, sumOf(sent), sumOf(saturation));
  const saturation = await saturate();
  const rate = saturation.answers.length / saturation.seconds;
  const [greedy, modest] = await Promise.all([
    send(keyOf('decision'), rate * 4, 3 * SLICE_MS),
    send(keyOf('decision', 'other'), rate * 0.3, 3 * SLICE_MS),
  ]);
  report('a caller that sends 4 times', greedy, saturation);
  report('beside it a caller that sends 0.3 times', modest, saturation);
} finally {
  load.close();
  await stack.close();
}
