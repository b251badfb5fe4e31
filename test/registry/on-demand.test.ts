import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scorableModel } from '../../src/core/compute/score-view.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { loadRegistry } from '../../src/registry/load.js';
import { asProject } from '../support/projects.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'on-demand-'));
  await asProject(root);
  await put(
    'features/entities.ts',
    "export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });\nexport const device = defineEntity({ name: 'device', joinKeys: ['device_id'], description: 'A phone' });",
  );
  await put('features/customer/profile.v1.view.ts', stored('customer', 'customers'));
  await put('features/device/phone.v1.view.ts', stored('device', 'device_sightings'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(file: string, body: string): Promise<void> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    `import * as define from 'riskgraph';\n${body.replaceAll(/\b(define[A-Z]\w+|decimal|int32|float64|input|sql)\(/g, 'define.$1(').replaceAll('sql`', 'define.sql`')}\n`,
  );
}

const stored = (entity: string, source: string) => `
import { ${entity} } from '../entities.js';
export default defineFeatureView({
  entity: ${entity}, description: 'x', owner: 'risk', schedule: { every: 'day', delay: '2h' },
  features: { income: decimal({ description: 'x' }), secret: int32({ description: 'x', tags: ['pii'] }) },
  query: ({ source }) => sql\`SELECT ${entity}_id, toDecimal64(1, 2) AS income, 1 AS secret FROM \${source('${source}')}\`,
});`;

interface Parts {
  readonly request?: string;
  readonly inputs?: string;
  readonly features?: string;
  readonly compute?: string;
  readonly more?: string;
  readonly before?: string;
}

const view = ({ request, inputs, features, compute, more = '', before = '' }: Parts = {}) => `
${before}
import { customer } from '../entities.js';
export default defineOnDemandView({
  entity: customer, description: 'x', owner: 'risk',
  request: { ${request ?? "amount: decimal({ description: 'x' })"} },
  inputs: { ${inputs ?? "income: input('DECIMAL', 'profile@1:income')"} },
  features: { ${features ?? "share: float64({ description: 'x' })"} },
  compute: ${compute ?? '({ amount, income }) => ({ share: Number(amount) / Number(income) })'},
  ${more}
});`;

const FILE = 'features/customer/afford.v1.on_demand.ts';

const problemsOf = async (): Promise<readonly string[]> => {
  const error = await loadRegistry({ root }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RiskgraphError);
  return (error as RiskgraphError).details?.problems as string[];
};

test('a file becomes an on-demand view that its path names, beside the stored ones and not among them', async () => {
  await put(FILE, view());
  const { onDemandViews, views } = await loadRegistry({ root });
  const found = onDemandViews.get('afford@1');
  expect(found).toMatchObject({ name: 'afford', version: 1, owner: 'risk', tags: [], file: FILE });
  expect(found?.features.map(({ name, type }) => [name, type])).toEqual([['share', 'FLOAT64']]);
  expect(found?.origin.request.map(({ name, type }) => [name, type])).toEqual([['amount', 'DECIMAL']]);
  expect(found?.origin.inputs.map(({ name, ref }) => [name, ref.reference])).toEqual([['income', 'profile@1:income']]);
  expect(found?.origin.compute({ amount: '1', income: '4' })).toEqual({ share: 0.25 });
  expect(views.has('afford@1')).toBe(false);
});

test('a service lists one of its features, or all, among stored ones', async () => {
  await put(FILE, view({ features: "share: float64({ description: 'x' }), twice: int32({ description: 'x' })" }));
  const service = (features: string) =>
    `export default defineFeatureService({ description: 'x', owner: 'x', features: [${features}] });`;
  await put('features/services/one.v1.service.ts', service("'profile@1:income', 'afford@1:twice'"));
  await put('features/services/all.v1.service.ts', service("'afford@1'"));
  const { services } = await loadRegistry({ root });
  const listed = (id: string) => services.get(id)?.features.map(({ reference }) => reference);
  expect(listed('one@1')).toEqual(['profile@1:income', 'afford@1:twice']);
  expect(listed('all@1')).toEqual(['afford@1:share', 'afford@1:twice']);
});

test.each<[string, Parts, string]>([
  [
    'a stored feature that is not there',
    { inputs: "income: input('DECIMAL', 'profile@1:wages')" },
    'profile@1 has no feature wages',
  ],
  [
    'a stored view that is not there',
    { inputs: "income: input('DECIMAL', 'nothing@1:income')" },
    'there is no feature view nothing@1',
  ],
  [
    'an input without a version',
    { inputs: "income: input('DECIMAL', 'profile:income')" },
    'pin one, as profile@1:income',
  ],
  ['an input that is a whole view', { inputs: "income: input('DECIMAL', 'profile@1')" }, 'names no feature'],
  [
    'an input of another type than its view declares',
    { inputs: "income: input('FLOAT64', 'profile@1:income')" },
    'profile@1:income is DECIMAL, declared here as FLOAT64',
  ],
  [
    'an input of an entity that this one does not name',
    { inputs: "income: input('DECIMAL', 'phone@1:income')" },
    'is keyed by device_id',
  ],
  [
    'one of its own features as an input',
    { inputs: "income: input('FLOAT64', 'afford@1:share')" },
    'its inputs lead back to itself: afford@1 reads afford@1',
  ],
  [
    'one name for a request input and a stored one',
    { inputs: "amount: input('DECIMAL', 'profile@1:income')" },
    'a request input has that name',
  ],
  [
    'a feature of a personal input that is not tagged pii',
    { inputs: "age: input('INT32', 'profile@1:secret')" },
    "feature share: tag it 'pii', for it is computed from profile@1:secret",
  ],
  [
    'a feature of a personal request input that is not tagged pii',
    { request: "amount: decimal({ description: 'x', tags: ['pii'] })" },
    "feature share: tag it 'pii', for it is computed from amount",
  ],
  [
    'a feature that is declassified without a reason',
    { features: "share: float64({ description: 'x', declassify: ' ' })" },
    'feature share: declassify says no reason',
  ],
  [
    'a feature that is declassified and personal',
    { features: "share: float64({ description: 'x', tags: ['pii'], declassify: 'a share says no one' })" },
    "feature share: it is tagged 'pii' and declassified",
  ],
  [
    'a request input with a personal name that is not tagged pii',
    { request: "latitude: float64({ description: 'x' })" },
    "request input latitude: tag it 'pii'",
  ],
  [
    'a join key as a request input',
    { request: "customer_id: decimal({ description: 'x' })" },
    'request input customer_id: the name is reserved',
  ],
  [
    'the instant of a spine as a request input',
    { request: "event_timestamp: decimal({ description: 'x' })" },
    'request input event_timestamp: the name is reserved',
  ],
  [
    'a request input without a description',
    { request: 'amount: decimal()' },
    'request input amount: has no description',
  ],
  ['no input at all', { request: ' ', inputs: ' ' }, 'computes from nothing'],
  ['no feature', { features: ' ' }, 'has no features'],
  [
    'last_known, which is for what is stored',
    { features: "share: float64({ description: 'x', fill: 'last_known' })" },
    'fill is for stored features',
  ],
  [
    'a feature that reads what is no input',
    { more: "reads: { share: ['amount', 'wages'] }," },
    'reads: share names wages, which is no input of the view',
  ],
  ['a feature that reads nothing', { more: 'reads: { share: [] },' }, 'reads: share is computed from nothing'],
  ['what an unknown feature reads', { more: "reads: { part: ['amount'] }," }, 'reads: there is no feature part'],
  ['no owner', { more: "owner: ''," }, 'has no owner'],
])('%s is refused', async (_, parts, reason) => {
  await put(FILE, view(parts));
  const problems = await problemsOf();
  expect(problems.join('\n')).toContain(reason);
  expect(problems.every((problem) => problem.startsWith(`${FILE}: `))).toBe(true);
});

const NEXT = 'features/customer/burden.v1.on_demand.ts';

test('a view reads features of another on-demand view, whichever file comes first', async () => {
  await put(FILE, view({ inputs: "burden: input('FLOAT64', 'burden@1:share')", compute: '() => ({ share: 1 })' }));
  await put(NEXT, view());
  const { onDemandViews } = await loadRegistry({ root });
  expect([...onDemandViews.keys()]).toEqual(['burden@1', 'afford@1']);
  expect(onDemandViews.get('afford@1')?.origin.inputs[0]?.ref.view).toBe(onDemandViews.get('burden@1'));
});

test.each<[string, Parts, readonly string[]]>([
  [
    'a circle',
    { inputs: "share: input('FLOAT64', 'afford@1:share')" },
    [`${NEXT.replace('burden', 'afford')}: its inputs lead back to itself: afford@1 reads burden@1 reads afford@1`],
  ],
  [
    'two types for one request input',
    { request: "amount: int32({ description: 'x' })" },
    [`${FILE}: the request input 'amount' is INT32 for burden@1 and DECIMAL for afford@1`],
  ],
  [
    'a personal feature that is read by one that is not',
    { features: "share: float64({ description: 'x', tags: ['pii'] })" },
    [`${FILE}: feature share: tag it 'pii', for it is computed from burden@1:share`],
  ],
  [
    'a feature that the other one has not',
    { features: "part: float64({ description: 'x' })" },
    [`${FILE}: input burden: 'burden@1:share': burden@1 has no feature share`],
  ],
])('among views that read each other, %s is refused and named', async (_, parts, reasons) => {
  await put(FILE, view({ inputs: "burden: input('FLOAT64', 'burden@1:share')", compute: '() => ({ share: 1 })' }));
  await put(NEXT, view(parts));
  expect(await problemsOf()).toEqual(reasons);
});

test('a feature is personal by the inputs that it reads, and not by those of another feature', async () => {
  const features = "share: float64({ description: 'x' }), age: int32({ description: 'x', tags: ['pii'] })";
  const inputs = "income: input('DECIMAL', 'profile@1:income'), secret: input('INT32', 'profile@1:secret')";
  await put(FILE, view({ features, inputs, more: "reads: { share: ['amount', 'income'], age: ['secret'] }," }));
  const { onDemandViews } = await loadRegistry({ root });
  expect(onDemandViews.get('afford@1')?.origin.reads).toEqual({ share: ['amount', 'income'], age: ['secret'] });
});

test('a name that a stored view has, in any version, is refused', async () => {
  await put('features/customer/profile.v2.on_demand.ts', view());
  expect(await problemsOf()).toEqual([
    "features/customer/profile.v2.on_demand.ts: 'profile' is the name of a stored feature view: a reference would not say which is meant",
  ]);
});

test('a file name that is almost one is called misspelt', async () => {
  await put('features/customer/Afford.on_demand.ts', view());
  expect((await problemsOf()).join('\n')).toContain('the name must be <snake_case>.v<number>.<kind>.ts');
});

test('the hash covers the function and the helpers it imports, and neither comments nor layout', async () => {
  const helped =
    (rate: number, compute: string, comment = '') =>
    async () => {
      // A fresh root each time, since a module is loaded once a path.
      root = await mkdtemp(join(tmpdir(), 'on-demand-'));
      await asProject(root);
      await put(
        'features/entities.ts',
        "export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });",
      );
      await put('features/customer/profile.v1.view.ts', stored('customer', 'customers'));
      await put('features/customer/rate.ts', `${comment}\nexport const RATE = ${rate};`);
      await put(FILE, view({ before: `${comment}\nimport { RATE } from './rate.js';`, compute }));
      const { onDemandViews } = await loadRegistry({ root });
      const { hash } = onDemandViews.get('afford@1') as { hash: string };
      await rm(root, { recursive: true, force: true });
      return hash;
    };
  const share = '({ amount }) => ({ share: Number(amount) * RATE })';
  const first = await helped(2, share)();
  expect(await helped(2, '({ amount }) =>\n ({ share: Number(amount) * RATE })', '// why')()).toBe(first);
  expect(await helped(3, share)()).not.toBe(first);
  expect(await helped(2, '({ amount }) => ({ share: Number(amount) + RATE })')()).not.toBe(first);
});

const modelFile = (inputs: string) => `
import { customer } from '../../features/entities.js';
export default defineModel({ entity: customer, description: 'x', owner: 'x', onnx: 'm.onnx', inputs: [${inputs}],
  tensors: { input: 'x', probability: 'p' }, missing: 'nan', scale: { base: 600, pdo: 20, odds: 30 } });`;

test('a score as an input is refused, with what to do in its place', async () => {
  await put(FILE, view({ inputs: "risk: input('FLOAT64', 'holder_score@1:probability')" }));
  await put('models/holder/holder.v1.model.ts', modelFile("'profile@1:income'"));
  await writeFile(join(root, 'models/holder/m.onnx'), 'weights');
  await writeFile(join(root, 'models/holder/card.json'), '{}');
  expect(await problemsOf()).toEqual([
    `${FILE}: input risk: holder_score@1:probability is a score of the model holder@1, and on-demand views read no scores: list both in a service and put them together where they are read, or let a model take both as inputs`,
  ]);
});

test('a model that reads on-demand features has no view of its scores, and is refused as a portfolio, with the reason', async () => {
  await put(FILE, view());
  await put('models/applicant/applicant.v1.model.ts', modelFile("'profile@1:income', 'afford@1:share'"));
  await put('models/holder/holder.v1.model.ts', modelFile("'profile@1:income'"));
  for (const name of ['applicant', 'holder']) {
    await writeFile(join(root, `models/${name}/m.onnx`), 'weights');
    await writeFile(join(root, `models/${name}/card.json`), '{}');
  }
  const { models, views } = await loadRegistry({ root });
  expect(views.has('holder_score@1')).toBe(true);
  expect(views.has('applicant_score@1')).toBe(false);
  const applicant = models.get('applicant@1');
  expect(applicant?.features.map(({ reference }) => reference)).toEqual(['profile@1:income', 'afford@1:share']);
  expect(() => applicant && scorableModel(applicant)).toThrow(
    /applicant@1 reads afford@1:share, computed from what a request brings/,
  );
});
