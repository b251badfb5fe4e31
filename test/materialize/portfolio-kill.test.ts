import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { raw } from '../../src/core/definitions/sql.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import { forkBundled } from '../support/bundled.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import type { KillPlan } from './kill-process.js';
import { migrateSources, scoredViews } from './scored.js';
import { HOUR, MIDNIGHT } from './views.js';

const CUSTOMERS = 2_000;
/** Every tenth has a hole where the model takes none. */
const SCORED = CUSTOMERS - CUSTOMERS / 10;
/** Where a run of scores differs from any other: the seams of the others are tested with them. */
const CALLS = [
  'a batch of offline.inForceByParts',
  'a batch of scores.rows',
  'offline.stageRows',
  'a batch of offline.readStage',
  'offline.commitRuns',
  'scores.record',
];
/** The workers' clock, which stands: with the hour another as-of would be the newest that is due, between two of their deaths. */
const NOW = MIDNIGHT + 4 * HOUR;

let fixture: MaterializeFixture;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  fixture = await materializeFixture();
  fixture.clock.now = NOW;
  folder = await mkdtemp(join(tmpdir(), 'rg-score-kill-'));
  await migrateSources(fixture.clickhouse);
  await fixture.clickhouse.run(
    'facts',
    raw(`INSERT INTO facts SELECT concat('C', toString(number)), fromUnixTimestamp64Milli(${MIDNIGHT} - 86400000, 'UTC'), number * 3 + 1,
      if(number % 10 = 0, 'holes', NULL) FROM numbers(${CUSTOMERS})`),
  );
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await fixture?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the job to its end, or to its next seam. @returns whether it came to its end; a process that failed is neither. */
async function ends(plan: Omit<KillPlan, 'urls' | 'views'>): Promise<boolean> {
  const argument = JSON.stringify({ urls: fixture.urls, views: [], now: NOW, ...plan } satisfies KillPlan);
  const child = await forkBundled(new URL('./kill-process.ts', import.meta.url), [argument]);
  children.push(child);
  const [code, signal] = await once(child, 'exit');
  expect([
    [0, null],
    [null, 'SIGKILL'],
  ]).toContainEqual([code, signal]);
  return code === 0;
}

/** What must not depend on when a process died. */
async function outcome(name: string) {
  const { view } = await scoredViews(name);
  fixture.clock.now = NOW;
  const { offline, online } = await fixture.newest(view);
  expect(online).toEqual(offline);
  expect(await fixture.ledger.unfinished(view.id)).toEqual([]);
  const table = `${view.name}_v1`;
  const select = (sql: string) => fixture.clickhouse.rows<Record<string, unknown>>('outcome', raw(sql));
  expect(
    await select(`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'stage_')`),
  ).toEqual([]);
  return {
    history: await select(`SELECT * EXCEPT (_available_at, _sequence) FROM history_${table} ORDER BY customer_id`),
    state: await select(`SELECT count() AS total FROM state_${table}`),
    // All versions: a score that is told twice is there once.
    scores: await select(
      `SELECT entity_id, scored_at, probability, points, band, deleted FROM scores WHERE model = '${name}@1' ORDER BY entity_id`,
    ),
  };
}

it('a worker killed once at each seam of scorePortfolio leaves the scores of an uninterrupted run, none lost and none twice', async () => {
  for (const name of ['calm', 'killed']) {
    const { inputs } = await scoredViews(name);
    const { clock } = fixture;
    await fixture
      .materializer()
      .materialize({ jobId: `inputs of ${name}`, views: [inputs], asOf: MIDNIGHT, now: clock.now }, unwatched());
    const { view } = await scoredViews(name);
    await fixture.writers.createView(view);
  }
  const payload = (name: string) => ({
    id: newUuid(Date.now()),
    name: 'score_portfolio' as const,
    payload: { model: name },
  });
  expect(await ends({ model: 'calm', job: payload('calm') })).toBe(true);

  const seams = join(folder, 'seams');
  const job = payload('killed');
  let deaths = 0;
  while (!(await ends({ model: 'killed', job, seams, dieAfter: `after (${CALLS.join('|')})$` }))) {
    expect(existsSync(seams)).toBe(true);
    deaths++;
  }
  const labels = (await readFile(seams, 'utf8')).trim().split('\n');
  expect(labels).toHaveLength(deaths);
  for (const call of CALLS) expect(labels).toContainEqual(expect.stringMatching(new RegExp(`after ${call}$`)));

  const [calm, killed] = [await outcome('calm'), await outcome('killed')];
  expect(killed).toEqual(calm);
  expect(killed.history).toHaveLength(CUSTOMERS);
  expect(killed.scores).toHaveLength(SCORED);
}, 1_800_000);
