import { expect, test } from 'vitest';
import { chooseExamples } from '../../src/commands/demo-examples.js';
import { addDays } from '../../src/core/helpers/time.js';
import type { Arrear, Life, LoanLife } from '../../synthetic/life.js';

const END = '2026-11-22';
const loan = (arrears: readonly Arrear[] = [], events: readonly LoanLife['events'][number]['type'][] = []) =>
  ({ arrears, events: events.map((type) => ({ type })) }) as unknown as LoanLife;
const life = (id: string, ...loans: readonly LoanLife[]) => ({ person: { id }, loans }) as unknown as Life;
const missed = (dueDate: string, clearedOn: string | null = null): Arrear => ({
  dueDate,
  since: addDays(dueDate, 1),
  clearedOn,
});

test('the examples are the first borrower who never missed and the first who fell behind within the history', () => {
  const lives = [
    life('nothing'),
    life('settled', loan([], ['SETTLED'])),
    life('late before the history', loan([missed('2026-10-20')])),
    life('late again', loan([missed('2026-10-20'), missed('2026-11-10')])),
    life('too fresh', loan([missed('2026-11-21')])),
    life('cured', loan([missed('2026-11-10', '2026-11-12')])),
    life('steady', loan([], ['RESTRUCTURED'])),
    life('late', loan([missed('2026-08-10', '2026-08-12')]), loan([missed('2026-11-10')])),
    life('steady too', loan()),
    life('late too', loan([missed('2026-11-10')])),
  ];
  expect(chooseExamples(lives, END)).toEqual({ steady: 'steady', late: 'late', lateSince: '2026-11-10' });
});

test('a small book without anyone late shows another borrower, two weeks before its end', () => {
  const settled = life('settled', loan([], ['SETTLED']));
  const lives = [life('nothing'), settled, life('steady', loan()), life('other', loan([missed('2026-01-10')]))];
  expect(chooseExamples(lives, END)).toEqual({ steady: 'steady', late: 'other', lateSince: '2026-11-08' });
});

test('where nobody owes anything now, the examples are still people who borrowed', () => {
  const lives = [life('nothing'), life('one', loan([], ['SETTLED'])), life('two', loan([], ['WRITTEN_OFF']))];
  expect(chooseExamples(lives, END)).toMatchObject({ steady: 'one', late: 'two' });
});
