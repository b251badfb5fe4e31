/** The statements that a report needs: one for all measures of the same rows. */
import type { Fact, Indicator, IndicatorPart } from '../core/definitions/definitions.js';
import type { Reading } from './sql.js';

/** Where the answer to a part of an indicator is: columns of the rows of a reading. */
export interface Place {
  readonly reading: number;
  /** Column of the value. */
  readonly column: string;
  /** Column of the last day on which a row of the period matures; null where all are mature at once. */
  readonly matures: string | null;
  readonly cumulative: boolean;
}

export interface Places {
  readonly num: Place;
  readonly den: Place | null;
}

/** The readings of several indicators, and where each finds its numbers in them. */
export function readingsOf(indicators: readonly Pick<Indicator, 'name' | 'numerator' | 'denominator' | 'spread'>[]): {
  readonly readings: readonly Reading[];
  readonly places: readonly Places[];
} {
  const readings: (Reading & { readonly measures: string[]; readonly matures: string[] })[] = [];
  const indexIn = (list: string[], text: string): number => {
    const at = list.indexOf(text);
    return at < 0 ? list.push(text) - 1 : at;
  };
  const readingOf = ({ rows, cumulative }: IndicatorPart, spread: Indicator['spread'], name: string): number => {
    const at = readings.findIndex(
      (one) => !spread && !one.spread && one.rows === rows && one.cumulative === cumulative,
    );
    return at < 0
      ? readings.push({
          label: 'name' in rows ? (rows as Fact).name : name,
          rows,
          cumulative,
          spread,
          measures: [],
          matures: [],
        }) - 1
      : at;
  };
  const placeOf = (part: IndicatorPart, spread: Indicator['spread'], name: string): Place => {
    const at = readingOf(part, spread, name);
    const reading = readings[at] as (typeof readings)[number];
    return {
      reading: at,
      column: `m${indexIn(reading.measures, part.expression)}`,
      matures: part.matures === null ? null : `x${indexIn(reading.matures, part.matures)}`,
      cumulative: part.cumulative,
    };
  };
  const places = indicators.map(({ name, numerator, denominator, spread }): Places => {
    const num = placeOf(numerator, spread, name);
    if (spread) return { num, den: { ...num, column: 'm1' } };
    return { num, den: denominator ? placeOf(denominator, null, name) : null };
  });
  return { readings, places };
}
