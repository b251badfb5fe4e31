import { expect, test } from 'vitest';
import {
  dpdReaches,
  eachApplication,
  entersDpd,
  type LabelSpec,
  monthEnds,
  monthsOnBook,
  observedBy,
  outcomeBy,
  raw,
  sql,
  statusReaches,
} from '../../src/core/definitions/define.js';
import { defineEntity } from '../../src/core/definitions/define-entity.js';
import { nextFile } from '../../src/core/definitions/definition-kinds.js';
import { checkLabel } from '../../src/registry/labels.js';
import { identityOf } from '../../src/registry/scan.js';
import { TABLES } from '../support/tables.js';

const entity = (name: string, ...joinKeys: [string, ...string[]]) =>
  defineEntity({ name, joinKeys, description: name });
const [customer, loan, pair] = [
  entity('customer', 'customer_id'),
  entity('loan', 'loan_id'),
  entity('pair', 'customer_id', 'device_id'),
];
const entities = new Map([customer, loan, pair].map((one) => [one.name, one]));

const GOOD: LabelSpec = {
  entity: customer,
  description: 'Thirty days past due within six months',
  owner: 'risk',
  observation: monthEnds(),
  window: { months: 6 },
  outcome: dpdReaches(30, { on: 'any' }),
};

function problemsOf(change: Partial<LabelSpec>): readonly string[] {
  const problems: string[] = [];
  const item = {
    kind: 'label',
    name: 'bad',
    version: 1,
    id: 'bad@1',
    file: 'labels/bad.v1.label.ts',
    path: '',
  } as const;
  const spec = { ...GOOD, ...change };
  checkLabel({ ...item, exported: spec, code: '' }, spec, { entities, tables: TABLES }, (problem) =>
    problems.push(problem),
  );
  return problems;
}

const sampled = (name: string, when: string, rate: number): Partial<LabelSpec> => ({
  sampling: { strata: { [name]: { when, rate } } },
});

test('a label without fault has no problem, and names the tables that it reads', () => {
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf({ ...sampled('good', 'value = 0', 0.1), split: { outOfTime: '2026-01-01' } })).toEqual([]);
});

test.each<[string, Partial<LabelSpec>, RegExp]>([
  ['no owner', { owner: '' }, /^has no owner$/],
  ['an entity of two keys', { entity: pair }, /'pair' has 2 join keys/],
  ['an unknown entity', { entity: entity('shop', 'shop_id') }, /its entity 'shop' is not one/],
  ['a window of nothing', { window: { days: 0 } }, /its window of 0 days is not a whole number from 1/],
  [
    'two windows',
    { window: { days: 1, months: 1 } as LabelSpec['window'] },
    /neither \{ days: … \} nor \{ months: … \}/,
  ],
  ['a time that is none', { observation: monthEnds({ at: '6 am' }) }, /at '6 am' is not a time HH:mm/],
  ['half a day past due', { outcome: dpdReaches(0.5) }, /dpdReaches\(0.5\): give a whole number of days from 1/],
  ['a status of no loan', { outcome: statusReaches(['LOST' as 'SOLD']) }, /'LOST' is no status of a loan/],
  [
    'months on book of a customer',
    { observation: monthsOnBook(3) },
    /is of loan, and the label's entity is 'customer'/,
  ],
  ['applications of a loan', { entity: loan, observation: eachApplication() }, /is of application, and the label's/],
  ['the first day past due, which is the 0th', { observation: entersDpd(0) }, /entersDpd\(0\)/],
  ['a sampling of nothing', { sampling: { strata: {} } }, /its sampling has no strata/],
  [
    'a stratum of more than all',
    sampled('bad', 'value = 1', 1.5),
    /the rate 1.5 of the stratum 'bad' is not from 0 to 1/,
  ],
  ['a stratum without a condition', sampled('bad', ' ', 1), /the stratum 'bad' has no condition/],
  ['a stratum called as what is in none', sampled('rest', 'value = 1', 1), /a stratum cannot be called 'rest'/],
  ['a split at no day', { split: { outOfTime: '2026-02-30' } }, /'2026-02-30' of its split is not a day/],
  [
    'a validation that begins out of time',
    { split: { validation: '2026-05-01', outOfTime: '2026-05-01' } },
    /begins with 2026-05-01 for validation, which is not before 2026-05-01/,
  ],
  ['an exclusion that looks ahead', { exclude: { later: 'max_dpd > 3' } }, /exclude 'later' looks into the window/],
  ['a closure that is none', { closed: 'bad' as 'good' }, /counts as 'bad', which is none of good/],
  [
    'an exclusion beside SQL',
    { outcome: outcomeBy(() => raw('SELECT 1')), exclude: { a: '1' } },
    /`exclude` is for outcomes of loans/,
  ],
  ['a table by its name', { observation: observedBy(() => raw('SELECT 1 FROM loans')) }, /reads 'loans' by name/],
  [
    'a table that is none',
    { observation: observedBy(({ source }) => sql`SELECT 1 FROM ${source('lones')}`) },
    /no source table 'lones'/,
  ],
  [
    'labels',
    { observation: observedBy(({ source }) => sql`SELECT 1 FROM ${source('labels')}`) },
    /made of what happened, not of other labels/,
  ],
])('%s is said, and what to write', (_, change, words) => {
  expect(problemsOf(change).join('\n')).toMatch(words);
});

test('a file without a number is the first version, and the next one has a number', () => {
  expect(identityOf('labels/mine.label.ts')).toEqual({ kind: 'label', name: 'mine', version: 1, id: 'mine@1' });
  expect(identityOf('labels/mine.v2.label.ts')).toMatchObject({ id: 'mine@2' });
  expect(nextFile({ file: 'labels/mine.label.ts', version: 1 })).toBe('labels/mine.v2.label.ts');
  expect(nextFile({ file: 'labels/mine.v2.label.ts', version: 2 })).toBe('labels/mine.v3.label.ts');
});
