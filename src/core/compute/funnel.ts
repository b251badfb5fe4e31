/** Funnels: how far people get from the first of several steps, within days. */
import type { FactRows, IndicatorPart } from '../definitions/definitions.js';
import { join, raw, type Sql, sql } from '../definitions/sql.js';

/** Days within which the last step counts, unless a report says otherwise. */
export const FUNNEL_DAYS = 30;

/**
 * The first steps of people, one a row, with the columns of the fact, `__reached` (UInt64: how many steps the person takes from here in their order, each
 * at the time of the one before it or later and within so many times 24 hours of the first) and `__matures_on` (Date: the local day on which that time is over).
 */
export function funnelEntries(rows: FactRows, steps: readonly string[], days: number): FactRows {
  const [first = '', ...later] = steps;
  const end = sql`at + toIntervalHour(${days * 24})`;
  const times = later.map(
    (step, index) =>
      sql`arraySort(groupArrayIf(at, step = ${step}) OVER (PARTITION BY person)) AS ${raw(`__times${index + 1}`)}`,
  );
  // The earliest of each step that is not before the one taken before it: who takes it later gets no further.
  const taken = later.map((_, index) => {
    const before = raw(index === 0 ? 'at' : `__taken${index}`);
    return sql`arrayFirstOrNull(time -> ifNull(time >= ${before}, false), ${raw(`__times${index + 1}`)}) AS ${raw(`__taken${index + 1}`)}`;
  });
  const inTime = later.map((_, index) => sql`toUInt64(ifNull(${raw(`__taken${index + 1}`)} <= ${end}, false))`);
  return {
    ...rows,
    through: rows.through ?? rows.from,
    from: (context): Sql => sql`
  SELECT *, 1 + ${join(inTime, ' + ')} AS __reached, toDate(${end}, ${context.timezone}) AS __matures_on
  FROM (
    SELECT *, ${join(taken)}
    FROM (SELECT *, ${join(times)} FROM (${rows.from(context)}))
    WHERE step = ${first}
  )`,
  };
}

/** People who get as far as a step, counted from 1, among the entries of a funnel. Only the first step is known at once. */
export const peopleAt = (entries: FactRows, step: number): IndicatorPart => ({
  rows: entries,
  expression: `uniqExactIf(person, __reached >= ${step})`,
  matures: step === 1 ? null : '__matures_on',
  cumulative: false,
});
