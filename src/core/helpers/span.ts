/** A length of time in whole local days or calendar months. */
import { addMonths } from './time.js';

export type Span = { readonly days: number } | { readonly months: number };

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** '90 days', '1 month' */
export const spanText = (span: Span): string =>
  'days' in span ? counted(span.days, 'day') : counted(span.months, 'month');

/** The span of a text that `spanText` made; null for another text. */
export function spanOf(text: string): Span | null {
  const [, count, unit] = /^(\d+) (day|month)s?$/.exec(text) ?? [];
  if (count === undefined) return null;
  return unit === 'day' ? { days: Number(count) } : { months: Number(count) };
}

/** Why a value is no span; null where it is one. */
export function spanProblem(span: Span): string | null {
  const entries = Object.entries(span);
  const [unit, count] = entries[0] ?? [];
  const isOne = entries.length === 1 && (unit === 'days' || unit === 'months');
  const isCount = Number.isInteger(count) && Number(count) >= 1 && Number(count) <= (unit === 'days' ? 36_600 : 1_200);
  return isOne && isCount ? null : 'write { days: n } or { months: n }, a whole number from 1 to a hundred years';
}

const MONTHS_OF_LEAP_CYCLE = Array.from({ length: 48 }, (_, month) => addMonths('2024-01-01', month));

/** Days that so many months have, wherever they begin. */
function daysOf(months: number): readonly [least: number, most: number] {
  const lengths = MONTHS_OF_LEAP_CYCLE.map(
    (first) => (Date.parse(addMonths(first, months)) - Date.parse(first)) / 86_400_000,
  );
  return [Math.min(...lengths), Math.max(...lengths)];
}

/** Whether `span` may reach further back than `other` from some day. */
export function mayExceed(span: Span, other: Span): boolean {
  if ('months' in span && 'months' in other) return span.months > other.months;
  const most = 'days' in span ? span.days : daysOf(span.months)[1];
  const least = 'days' in other ? other.days : daysOf(other.months)[0];
  return most > least;
}
