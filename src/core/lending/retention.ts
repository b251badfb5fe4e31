/** What a table with a retention still holds for the as-ofs of a view. */
import type { FeatureViewSpec } from '../definitions/define-view.js';
import type { View } from '../definitions/definitions.js';
import { raw } from '../definitions/sql.js';
import { type Span, spanText } from '../helpers/span.js';
import { type BusinessCalendar, DAY, type Instant } from '../helpers/time.js';
import type { SourceTable } from './sources.js';

/** After a row's retention, so that runs that wait, are repeated or published again in these days read what the scheduled run read. */
const SPARE = 7 * DAY;

/** Rows that happened by this instant are removed from the store. */
export const removedThrough = (retention: Span, now: Instant, calendar: BusinessCalendar): Instant =>
  calendar.back(now, retention) - SPARE;

export interface ViewReads {
  /** Every `source(…)` of the query, with the stretch of event time that it names. */
  readonly sources: readonly { readonly table: string; readonly within: Span | null }[];
  /** How far back the as-of is moved. */
  readonly moves: readonly Span[];
}

/** How far back a view's query looks, as far as it says so. */
export function viewReads(build: FeatureViewSpec['query']): ViewReads {
  const sources: { table: string; within: Span | null }[] = [];
  const moves: Span[] = [];
  const moved = (span: Span) => {
    moves.push(span);
    return raw('asOf');
  };
  build({
    source: (table, { within = null } = {}) => {
      sources.push({ table, within });
      return raw('(SOURCE)');
    },
    asOf: {
      instant: raw('asOf'),
      date: raw('asOfDate'),
      minusDays: (days) => moved({ days }),
      minusMonths: (months) => moved({ months }),
    },
    timezone: raw('timezone'),
  });
  return { sources, moves };
}

interface Need {
  readonly table: SourceTable & { readonly retention: Span };
  /** The stretch of event time before an as-of that the view reads. */
  readonly span: Span;
}

function needsOf({ origin, sources }: View): readonly Need[] {
  if (origin.kind !== 'query' || sources.length === 0) return [];
  const kept = sources.flatMap((name) => {
    const table = origin.tables.find(name);
    return !table?.retention ? [] : [{ ...table, retention: table.retention }];
  });
  if (kept.length === 0) return [];
  const reads = viewReads(origin.query).sources;
  return kept.flatMap((table) =>
    reads.filter((read) => read.table === table.name).map(({ within }) => ({ table, span: within ?? table.retention })),
  );
}

/** Why a view can no longer be computed for an as-of. */
export interface Removed {
  readonly why: string;
  readonly hint: string;
}

/** Says of an as-of whether rows that the view would read are past the retention of their table, and removed; null while all of them are there. */
export function removedFor(view: View, now: Instant, calendar: BusinessCalendar): (asOf: Instant) => Removed | null {
  const needs = needsOf(view);
  return (asOf) => {
    const short = needs.find(
      ({ table, span }) => calendar.back(asOf, span) < removedThrough(table.retention, now, calendar),
    );
    if (short === undefined) return null;
    const { name, retention } = short.table;
    return {
      why: `it reads ${spanText(short.span)} of ${name}, which keeps ${spanText(retention)}`,
      hint: `what was computed stays; source('${name}', { within: … }) says where the view reads less, so that older as-ofs can be computed`,
    };
  };
}
