import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect } from 'vitest';
import { defineEntity, int32, raw } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { RiskgraphError } from '../../src/core/errors.js';
import { formatInstant, type Instant } from '../../src/core/helpers/time.js';
import type { TrainingSetRequest } from '../../src/core/ports/training-sets.js';
import { loadRegistry } from '../../src/registry/load.js';
import { refsOf, viewOf } from '../offline/support.js';
import { freshHome } from '../support/homes.js';
import { asProject } from '../support/projects.js';
import { type Case, defineRule, shared } from './conformance.js';
import { day } from './history.js';
import { openSourceWorld, type SourceWorld } from './source-world.js';

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
const device = defineEntity({ name: 'device', joinKeys: ['device_id'], description: 'A phone' });
const ENTITIES = new Map([customer, device].map((entity) => [entity.name, entity]));
const amount = int32({ description: 'x' });
const profile = viewOf('profile', 1, { entity: customer, features: { amount }, query: () => raw('SELECT 1') });

interface Label {
  /** 'C' where it is not said. */
  readonly id?: string;
  readonly entity?: string;
  readonly name?: string;
  readonly observed: Instant;
  /** When its window opens: at the observation point where it is not said. */
  readonly from?: Instant;
  /** When the outcome is known: day 90 where it is not said. */
  readonly known?: Instant;
  /** When the row came in: with the outcome where it is not said. */
  readonly ingested?: Instant;
  readonly value: number;
}

interface LabelCase extends Case {
  readonly labels: readonly Label[];
  /** The set knows what was known on this day: day 100 where it is not said. */
  readonly asOf?: Instant;
  readonly spine: readonly { readonly id?: string | null; readonly t: Instant; readonly label: number | null }[];
}

const JOINED: readonly LabelCase[] = [
  {
    name: 'a label joins the row at whose very instant it was observed',
    labels: [{ observed: day(1), value: 1 }],
    spine: [{ t: day(1), label: 1 }],
  },
  {
    name: 'without one at that instant, the label whose window opens next joins',
    labels: [{ observed: day(5), value: 1 }],
    spine: [{ t: day(1), label: 1 }],
  },
  {
    name: 'of several windows ahead the nearest joins',
    labels: [
      { observed: day(9), value: 0 },
      { observed: day(5), value: 1 },
      { observed: day(7), value: 0 },
    ],
    spine: [
      { t: day(1), label: 1 },
      { t: day(6), label: 0 },
    ],
  },
  {
    name: 'a window that opened one millisecond before the row does not join, one that opens in its millisecond does',
    labels: [{ observed: day(3), from: day(5), value: 1 }],
    spine: [
      { t: day(5), label: 1 },
      { t: day(5, 1), label: null },
    ],
  },
  {
    name: 'the label observed at the instant wins over one whose window opens sooner',
    labels: [
      { observed: day(1), from: day(4), value: 1 },
      { observed: day(0), from: day(2), value: 0 },
    ],
    spine: [{ t: day(1), label: 1 }],
  },
  {
    name: 'an outcome known in the very millisecond of the as-of is mature',
    labels: [{ observed: day(1), known: day(100), value: 1 }],
    spine: [{ t: day(1), label: 1 }],
  },
  {
    name: 'an outcome known one millisecond later is NULL, whatever it will be',
    labels: [{ observed: day(1), known: day(100, 1), ingested: day(50), value: 1 }],
    spine: [{ t: day(1), label: null }],
  },
  {
    name: 'the same outcome is there in a set as of the day on which it is known',
    asOf: day(101),
    labels: [{ observed: day(1), known: day(100, 1), ingested: day(50), value: 1 }],
    spine: [{ t: day(1), label: 1 }],
  },
  {
    name: 'a label that is not mature is NULL; a mature one further ahead does not take its place',
    labels: [
      { observed: day(1), known: day(150), ingested: day(2), value: 1 },
      { observed: day(5), known: day(90), value: 0 },
    ],
    spine: [
      { t: day(1), label: null },
      { t: day(2), label: 0 },
    ],
  },
  {
    name: 'a label that came in after the as-of is not there, though its outcome was known before',
    labels: [{ observed: day(1), known: day(50), ingested: day(100, 1), value: 1 }],
    spine: [{ t: day(1), label: null }],
  },
  {
    name: 'a label that was corrected later has the value that was known at the as-of',
    labels: [
      { observed: day(1), known: day(50), ingested: day(60), value: 0 },
      { observed: day(1), known: day(50), ingested: day(100, 1), value: 1 },
    ],
    spine: [{ t: day(1), label: 0 }],
  },
  {
    name: 'rows without a label stay, with NULL',
    labels: [{ observed: day(1), value: 1 }],
    spine: [
      { id: 'nobody', t: day(1), label: null },
      { t: day(1), label: 1 },
      { id: null, t: day(1), label: null },
    ],
  },
  {
    name: 'duplicate rows have the label each, and none is added',
    labels: [{ observed: day(1), value: 1 }],
    spine: [
      { t: day(1), label: 1 },
      { t: day(1), label: 1 },
      { t: day(0), label: 1 },
    ],
  },
  {
    name: 'zero is an outcome and not NULL, and fractions stay fractions',
    labels: [
      { id: 'Z', observed: day(1), value: 0 },
      { id: 'F', observed: day(1), value: 0.45 },
    ],
    spine: [
      { id: 'Z', t: day(1), label: 0 },
      { id: 'F', t: day(1), label: 0.45 },
    ],
  },
  {
    name: 'a label of a device is not one of the customer of that id',
    labels: [
      { id: 'same', entity: 'device', name: 'of_devices', observed: day(1), value: 1 },
      { id: 'other', observed: day(1), value: 1 },
    ],
    spine: [
      { id: 'same', t: day(1), label: null },
      { id: 'other', t: day(1), label: 1 },
    ],
  },
];

interface Refusal extends Case {
  /** What is asked of the offline store. */
  readonly ask?: Partial<TrainingSetRequest>;
  /** Or what definitions are loaded: files and their bodies. */
  readonly files?: Readonly<Record<string, string>>;
  readonly words: RegExp;
}

const leaking: View = { ...profile, id: 'leaking@1', name: 'leaking', sources: ['labels', 'loans'] };
const scored: View = {
  ...profile,
  id: 'risk_score@1',
  name: 'risk_score',
  // Of a model, what it reads is all that is looked at.
  origin: { kind: 'scores', model: { features: refsOf(leaking) } } as unknown as View['origin'],
};
const spineOf = (id: string, t: Instant) => ({ customer_id: [id], event_timestamp: [formatInstant(t)] });
const view = (query: string) => `import { customer } from '../entities.js';
export default defineFeatureView({ entity: customer, description: 'x', owner: 'x', schedule: { every: 'day', delay: '2h' },
  features: { amount: int32({ description: 'x' }) }, query: ({ source }) => sql\`${query}\` });`;

const OUTCOME = view(`SELECT entity_id AS customer_id, 1 AS amount FROM \${source('labels')}`);

const REFUSED: readonly Refusal[] = [
  {
    name: 'a label whose window opens before its observation point is refused, with how many, whose and when',
    ask: { label: 'early', spine: spineOf('E', day(1)) },
    words: /'early' open.* before .*observation point.*customer.*2026-03-03T00:00:00\.000Z/,
  },
  {
    name: 'a label that nobody knew at the as-of is refused, naming those that were known',
    ask: { label: 'future', spine: spineOf('F', day(1)) },
    words: /no label 'future' was known at/,
  },
  {
    name: 'a label about an entity of which the spine has no key is refused',
    ask: { label: 'of_phones', spine: spineOf('C', day(1)) },
    words: /is about device, of which the spine has no key/,
  },
  {
    name: 'a feature made of labels is refused by its name',
    ask: { features: refsOf(leaking), spine: spineOf('C', day(1)) },
    words: /'leaking@1:amount'.* labels/,
  },
  {
    name: 'a score that is made of such a feature is refused as well',
    ask: { features: refsOf(scored), spine: spineOf('C', day(1)) },
    words: /'risk_score@1:amount'.* labels/,
  },
  {
    name: 'a view that reads labels is refused when the definitions are loaded',
    files: {
      'features/customer/outcome.v1.view.ts': OUTCOME,
    },
    words: /outcome\.v1\.view\.ts: .*a label is never a feature/,
  },
  {
    name: 'so is a service that lists a feature of it',
    files: {
      'features/customer/outcome.v1.view.ts': OUTCOME,
      'features/services/leak.v1.service.ts':
        "export default defineFeatureService({ description: 'x', owner: 'x', features: ['outcome@1:amount'] });",
    },
    words: /a label is never a feature/,
  },
];

interface World extends SourceWorld {
  readonly folder: string;
}

const idOf = (number: number, id: string): string => `${number}-${id}`;

const stored = ({
  id,
  entity = 'customer',
  name = 'bad',
  observed,
  from = observed,
  known = day(90),
  ingested = known,
  value,
}: Label & { readonly id: string }) => ({
  entity,
  entity_id: id,
  name,
  value,
  observed_at: formatInstant(observed),
  window_from: formatInstant(from),
  window_to: formatInstant(from + 1),
  known_at: formatInstant(known),
  ingested_at: formatInstant(ingested),
});

const world = shared(async (): Promise<World> => {
  const opened = await openSourceWorld();
  for (const view of [profile, leaking, scored]) await opened.writers.createView(view);
  const labels = [
    ...JOINED.flatMap((each, number) =>
      each.labels.map((label) => stored({ ...label, id: idOf(number, label.id ?? 'C') })),
    ),
    stored({ id: 'E', name: 'early', observed: day(2), from: day(1, 1), value: 1 }),
    stored({ id: 'F', name: 'future', observed: day(1), ingested: day(100, 1), value: 1 }),
    stored({ id: 'D', entity: 'device', name: 'of_phones', observed: day(1), value: 1 }),
  ];
  // One import a version: two versions of a row in one file are one row.
  for (const ingested of new Set(labels.map(({ ingested_at }) => ingested_at))) {
    await opened.load(
      'labels',
      labels.filter(({ ingested_at }) => ingested_at === ingested),
    );
  }
  const folder = await freshHome();
  return {
    ...opened,
    folder,
    async close() {
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

const requestOf = (folder: string, more: Partial<TrainingSetRequest>): TrainingSetRequest => ({
  id: 'rule11',
  features: refsOf(profile),
  spine: {},
  label: 'bad',
  entities: ENTITIES,
  asOf: day(100),
  includeEventTimes: false,
  format: 'PARQUET',
  path: join(folder, 'set.parquet'),
  onProgress: async () => undefined,
  signal: new AbortController().signal,
  ...more,
});

/** What the sets say of the label, by case; one set for all cases of an as-of. */
async function labelled(
  cases: readonly LabelCase[],
  { sets, folder }: World,
): Promise<readonly (readonly unknown[])[]> {
  const answers: unknown[][] = cases.map(() => []);
  for (const asOf of new Set(cases.map((each) => each.asOf ?? day(100)))) {
    const rows = cases.flatMap((each, number) =>
      (each.asOf ?? day(100)) === asOf ? each.spine.map((row) => ({ ...row, number })) : [],
    );
    const path = join(folder, `${asOf}.parquet`);
    await sets.build(
      requestOf(folder, {
        id: `rule11-${asOf}`,
        asOf,
        path,
        spine: {
          customer_id: rows.map(({ id = 'C', number }) => (id === null ? null : idOf(number, id))),
          event_timestamp: rows.map(({ t }) => formatInstant(t)),
        },
      }),
    );
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
    expect(read.length).toBe(rows.length);
    rows.forEach(({ number }, index) => {
      answers[number]?.push(read[index]?.bad);
    });
  }
  return answers;
}

defineRule(
  {
    rule: 11,
    open: async (cases: readonly LabelCase[]) => labelled(cases, await world()),
    check(each, answers) {
      expect(answers[JOINED.indexOf(each)]).toEqual(each.spine.map(({ label }) => label));
    },
  },
  JOINED,
);

async function problemsOf(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'conformance-registry-'));
  try {
    await asProject(root);
    const entities =
      "export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });";
    for (const [file, body] of Object.entries({ 'features/entities.ts': entities, ...files })) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      const names = 'defineEntity, defineFeatureView, defineFeatureService, int32, sql';
      await writeFile(join(root, file), `import { ${names} } from 'riskgraph';\n${body}\n`);
    }
    const refused = await loadRegistry({ root }).then(
      () => null,
      (cause: RiskgraphError) => cause,
    );
    return refused?.message ?? 'no problem';
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

defineRule(
  {
    rule: 11,
    open: world,
    async check({ ask, files, words }: Refusal, { sets, folder }) {
      if (files) expect(await problemsOf(files)).toMatch(words);
      if (!ask) return;
      const refusal = { code: 'BAD_USER_INPUT', message: expect.stringMatching(words) };
      await expect(sets.build(requestOf(folder, ask))).rejects.toMatchObject(refusal);
    },
  },
  REFUSED,
);
