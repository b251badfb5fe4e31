import type { Person } from './person.js';
import { logistic, type Random } from './random.js';

/** One run of a policy: its rules in order, and the reason of a decline. */
export interface PolicyRun {
  readonly rules: readonly { readonly rule: string; readonly evaluated: boolean; readonly hit: boolean }[];
  readonly declineReason: string | null;
}

interface Rule {
  readonly rule: string;
  readonly hit: boolean;
}

/** Rules run in order; the first hit ends the run, and what comes after it is not evaluated. */
function run(rules: readonly Rule[]): PolicyRun {
  let reason: string | null = null;
  return {
    rules: rules.map(({ rule, hit }) => {
      const evaluated = reason === null;
      if (evaluated && hit) reason = rule;
      return { rule, evaluated, hit: evaluated && hit };
    }),
    declineReason: reason,
  };
}

/** Points below which the champion declines new credit; the challenger takes a little more risk. */
const CREDIT_CUTOFF = 612;
const CHALLENGER_EASE = 12;
const DRAWDOWN_CUTOFF = 548;

export type Strategy = 'CHAMPION' | 'CHALLENGER';

/**
 * The incumbent's scorecard: it sees the latent risk through noise. A ring's papers are made to look good.
 * `pressure` is what shows at the moment (strain, lateness) in log-odds.
 */
export function incumbentPoints(person: Person, random: Random, pressure: number): number {
  const income = Math.log(person.monthlyIncome / 7_300);
  const observed =
    0.36 * person.willingness +
    0.3 * person.ability +
    0.3 * income -
    0.3 * person.channelRisk +
    0.02 * (person.age - 33);
  return Math.round(600 + 40 * (observed - 0.3 * pressure + 0.75 * random.normal() + (person.ring ? 0.5 : 0)));
}

export function creditPolicy(person: Person, random: Random, points: number, strategy: Strategy): PolicyRun {
  const { ability, willingness, monthlyIncome, age, ring } = person;
  return run([
    { rule: 'AGE_RANGE', hit: age < 20 || age > 55 },
    { rule: 'BLACKLIST', hit: random.chance(logistic(-4.3 - 0.6 * willingness)) },
    { rule: 'DEVICE_CLUSTER', hit: random.chance(ring ? 0.44 : 0.004) },
    { rule: 'MULTI_LENDER', hit: random.chance(logistic(-2.3 - 0.5 * ability - 0.5 * willingness)) },
    { rule: 'INCOME_MIN', hit: monthlyIncome < 3_000 },
    { rule: 'SCORE_CUTOFF', hit: points < CREDIT_CUTOFF - (strategy === 'CHALLENGER' ? CHALLENGER_EASE : 0) },
  ]);
}

export function drawdownPolicy(
  random: Random,
  points: number,
  request: { readonly overdue: boolean; readonly frozen: boolean; readonly overLimit: boolean },
): PolicyRun {
  return run([
    { rule: 'LINE_FROZEN', hit: request.frozen },
    { rule: 'OVERDUE_NOW', hit: request.overdue },
    { rule: 'OVER_LIMIT', hit: request.overLimit },
    { rule: 'VELOCITY', hit: random.chance(0.015) },
    { rule: 'SCORE_DROP', hit: points < DRAWDOWN_CUTOFF },
  ]);
}
