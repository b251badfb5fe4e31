/** How far people get from step to step. */
import type { Decimal } from 'decimal.js';
import { funnelEntries, peopleAt } from '../core/compute/funnel.js';
import type { Indicator, IndicatorPart } from '../core/definitions/definitions.js';
import { badInput } from '../core/errors.js';
import type { LocalDate } from '../core/helpers/time.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import type { FunnelRequest } from '../core/ports/indicators.js';
import type { TableColumn } from '../core/ports/offline.js';
import { type Cells, Exact, groupKey, MAX_CELLS, rateOf, tooMuch, type Value } from './cells.js';
import { type Line, sortGroups } from './lines.js';
import { type PeriodGrain, periodsOf, type Window } from './periods.js';

/** The longest way to a first loan that is still one way. */
const MOST_DAYS = 365;

export type Funnel = NonNullable<Indicator['funnel']>;
type Conversion = Pick<Indicator, 'name' | 'numerator' | 'denominator' | 'spread'>;

/** @throws BAD_USER_INPUT */
export function funnelIn(indicator: Indicator, windowDays: number, catalogue: Pick<Catalogue, 'indicators'>): Funnel {
  if (!indicator.funnel) {
    const funnels = catalogue.indicators().filter(({ funnel }) => funnel !== null);
    throw badInput(
      `'${indicator.name}' is not a funnel`,
      `the funnels are ${funnels.map(({ id }) => id).join(', ') || 'none'}`,
    );
  }
  if (!(windowDays >= 1 && windowDays <= MOST_DAYS)) {
    throw badInput(`windowDays is ${windowDays}`, `give days from 1 to ${MOST_DAYS}`);
  }
  return indicator.funnel;
}

/** Of each step the people who reach it, over those of the step before; the first step has none before it. */
export function conversionsOf({ rows, steps }: Funnel, windowDays: number): readonly Conversion[] {
  const entries = funnelEntries(rows, steps, windowDays);
  const people: readonly IndicatorPart[] = steps.map((_, index) => peopleAt(entries, index + 1));
  return people.map((numerator, index) => ({
    name: steps[index] as string,
    numerator,
    denominator: people[index - 1] ?? null,
    spread: null,
  }));
}

export interface FunnelTable {
  readonly columns: readonly TableColumn[];
  readonly lines: readonly Line[];
}

/** One line a period, group and step, in the order of the steps. */
export function funnelTable(
  { steps }: Funnel,
  cells: Cells,
  {
    request,
    indicator,
    grain,
    window,
  }: {
    readonly request: FunnelRequest;
    readonly indicator: Indicator;
    readonly grain: PeriodGrain;
    readonly window: Window;
  },
): FunnelTable {
  const { by } = request;
  const columns = columnsOf(by, indicator);
  const periods = periodsOf(window, grain);
  const groups = by.length === 0 ? [[]] : sortGroups(cells.groups);
  const rows = periods.length * groups.length * steps.length;
  if (rows * columns.length > MAX_CELLS) throw tooMuch(rows, columns.length);
  const linesOf = (period: LocalDate, group: (typeof groups)[number]): Line[] => {
    const results = steps.map((_, index) => cells.result(index, period, groupKey(group)));
    const first = results[0]?.num as Value;
    return results.map(({ value, num: people, den: before }, index): Line => {
      const isFirst = index === 0;
      const none: Value = { value: null, reason: null };
      const shown = {
        people,
        // A step without one before it lacks nothing.
        conversion: isFirst ? none : value,
        share: between(people, first, (own, all) => rateOf(own, all)),
        dropped: isFirst
          ? none
          : between(people, before, (own, all) => ({ value: all.minus(own).toFixed(), reason: null })),
      };
      return {
        values: [period, ...group, steps[index] as string, ...Object.values(shown).map((cell) => cell.value)],
        nulls: Object.entries(shown).flatMap(([name, { reason }]) => (reason ? [[name, reason] as const] : [])),
      };
    });
  };
  return { columns, lines: periods.flatMap((period) => groups.flatMap((group) => linesOf(period, group))) };
}

/** A number of two counts; without one of them the reason of that. */
function between(people: Value, of: Value, make: (people: Decimal, of: Decimal) => Value): Value {
  const missing = [people, of].find(({ reason }) => reason !== null);
  if (missing) return { value: null, reason: missing.reason };
  return make(new Exact(people.value as string), new Exact(of.value as string));
}

function columnsOf(by: readonly string[], { dimensions }: Indicator): TableColumn[] {
  const columns = [
    { name: 'period', type: 'DATE', description: 'First local day of the period in which people take the first step' },
    ...by.map((name) => ({ name, type: 'STRING', description: dimensions[name]?.description ?? null })),
    { name: 'step', type: 'STRING', description: 'The step' },
    { name: 'people', type: 'DECIMAL', unit: 'people', description: 'People who reach the step' },
    { name: 'conversion', type: 'DECIMAL', unit: 'fraction', description: 'People over those of the step before' },
    { name: 'share', type: 'DECIMAL', unit: 'fraction', description: 'People over those of the first step' },
    { name: 'dropped', type: 'DECIMAL', unit: 'people', description: 'People of the step before who do not reach it' },
  ];
  return columns.map((column) => ({ ...column, masked: false }));
}
