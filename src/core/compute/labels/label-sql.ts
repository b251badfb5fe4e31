/** The rows of a label as SQL. */
import type { Label } from '../../definitions/definitions.js';
import { instantSql, param, raw, type Sql, sql } from '../../definitions/sql.js';
import { HOUR, type LocalDate } from '../../helpers/time.js';
import { endOfDay, type LabelRange, labelContext, startOfDay } from './context.js';
import { observationQuery, observedOn, windowEnd } from './observations.js';
import { outcomeQuery } from './outcomes.js';
import { sampledSql } from './sampling.js';

/** How long after a window's last day its outcome is known: as long as the daily views wait for what comes in late. */
export const KNOWN_AFTER = 2 * HOUR;

/** In parentheses: entity_id, observed_on, observed_at, opens_after, ends_on, window_from, window_to and known_at of every observation of the range. */
export function observationsSql(label: Label, range: LabelRange): Sql {
  const context = labelContext(label, range);
  const { timezone } = context;
  const opens = startOfDay(raw('opens_after + 1'), timezone);
  return sql`(SELECT entity_id, observed_on, observed_at, opens_after, ${windowEnd(label, raw('opens_after'))} AS ends_on,
      if(opens_after > observed_on, ${opens}, observed_at) AS window_from,
      ${endOfDay(raw('ends_on'), timezone)} AS window_to,
      ${startOfDay(raw('ends_on + 1'), timezone)} + INTERVAL ${raw(String(KNOWN_AFTER / HOUR))} HOUR AS known_at
    FROM (${observationQuery(label.observation, label.entity.name, context)}))`;
}

/** No window of observations up to a day ends after this one; null where a due date decides. */
export const lastDay = ({ observation, window }: Label, to: LocalDate): Sql | null => {
  if (observation.kind === 'first_due') return null;
  const day = sql`${param('Date', to)}`;
  return sql`toLastDayOfMonth(${windowEnd({ observation, window }, day)})`;
};

/**
 * A SELECT of entity_id, observed_at, window_from, window_to, known_at, value (0 where there is none), outcome and reason: of every observation of the
 * range whose outcome is known by then. `through` is the last local day (Date) that the deciding tables have; null: of tables that say nothing of it.
 */
export function labelSql(label: Label, range: LabelRange, through: LocalDate | null): Sql {
  const context = labelContext(label, range);
  const whole = through === null ? raw('') : sql` AND ends_on <= ${param('Date', through)}`;
  const mature = sql`(SELECT * FROM ${observationsSql(label, range)} WHERE known_at <= ${instantSql(range.knowledge)}${whole})`;
  const { exclude, indeterminate, closed, sold } = label;
  const outcome = outcomeQuery(
    label.outcome,
    {
      entity: label.entity.name,
      observations: mature,
      last: lastDay(label, range.to),
      ...(exclude && { exclude }),
      ...(indeterminate && { indeterminate }),
      ...(closed && { closed }),
      ...(sold && { sold }),
    },
    context,
  );
  return sql`SELECT o.entity_id AS entity_id, o.observed_at AS observed_at, o.window_from AS window_from, o.window_to AS window_to, o.known_at AS known_at,
      ifNull(s.value, nan) AS value,
      if(ifNull(s.there, 0) = 1, s.outcome, 'INDETERMINATE') AS outcome, if(ifNull(s.there, 0) = 1, s.reason, 'nothing is known of its window') AS reason
    FROM ${mature} AS o
    LEFT JOIN (SELECT *, toUInt8(1) AS there FROM (${outcome})) AS s ON o.entity_id = s.entity_id AND o.observed_at = s.observed_at`;
}

/** The statement for some range, sampled as for a spine: any other differs in its values alone. */
export function plannedLabel(label: Label, timezone: string): Sql {
  const range = { from: '2026-01-01', to: '2026-01-31', knowledge: Date.UTC(2027, 0, 1), timezone };
  return sampledSql(label, sampledRows(label, sql`(${labelSql(label, range, '2026-12-31')})`, sql`${timezone}`));
}

/** Rows of a label as `sampledSql` reads them; in parentheses, as those that are given. */
export const sampledRows = ({ observation }: Pick<Label, 'observation'>, rows: Sql, timezone: Sql): Sql =>
  sql`(SELECT l.entity_id AS entity_id, l.observed_at AS observed_at, ${observedOn(observation, raw('l.observed_at'), timezone)} AS observed_on,
    if(l.outcome IS NULL, toNullable(l.value), NULL) AS value, ifNull(l.outcome, '') AS outcome FROM ${rows} AS l)`;
