/** Which observations of a label a spine takes, and how it is split by time. */
import type { Label } from '../../definitions/definitions.js';
import { join, param, raw, type Sql, sql } from '../../definitions/sql.js';

export const WEIGHT_COLUMN = 'sample_weight';
export const SPLIT_COLUMN = 'split';

/** A stratum of its own: those that are in no stratum of the definition. */
const WITHOUT_STRATUM = { outcome: 'rest', indeterminate: 'indeterminate', excluded: 'excluded' } as const;
/** Names that no stratum of a definition has. */
export const OWN_STRATA: readonly string[] = Object.values(WITHOUT_STRATUM);

/** A hash has so many values that a rate is told by; each is a whole number of a float. */
const HASHES = 2 ** 53;

type Sampled = Pick<Label, 'name' | 'sampling' | 'split'>;

/**
 * A SELECT of the observations with `stratum`, `rate`, `taken` and `split` beside their columns. `rows`: in parentheses, with entity_id, observed_at, observed_on,
 * value (NULL where there is none) and outcome (empty where there is one). `id` is what stands for the entity in the hash: its mask where it is personal.
 */
export function sampledSql({ name, sampling, split }: Sampled, rows: Sql, id: Sql = raw('entity_id')): Sql {
  const strata = Object.entries(sampling?.strata ?? {});
  const stratum = (of: string, rate: number): Sql => sql`tuple(${param('String', of)}, ${param('Float64', rate)})`;
  const cases = join([
    sql`outcome = 'EXCLUDED', ${stratum(WITHOUT_STRATUM.excluded, 0)}`,
    ...strata.map(([of, { when, rate }]) => sql`${matches(when)}, ${stratum(of, rate)}`),
    sql`outcome != '', ${stratum(WITHOUT_STRATUM.indeterminate, 0)}`,
  ]);
  // One text of the row alone: the hash stays what it is, whatever else there is, and a client can compute it too.
  const text = sql`concat(${param('String', sampling?.seed ?? name)}, '|', ${id}, '|', toString(toUnixTimestamp64Milli(observed_at)))`;
  const hash = sql`bitShiftRight(sipHash64(${text}), 11)`;
  return sql`SELECT *, tupleElement(chosen, 1) AS stratum, tupleElement(chosen, 2) AS rate,
      ${hash} < toUInt64(rate * ${raw(String(HASHES))}) AS taken, ${splitSql(split)} AS split
    FROM (SELECT *, multiIf(${cases}, ${stratum(WITHOUT_STRATUM.outcome, 1)}) AS chosen FROM ${rows})`;
}

/** The indeterminate are in a stratum only where its condition speaks of them: one on time alone would take them without a word. */
const matches = (when: string): Sql =>
  /\boutcome\b/i.test(when) ? sql`ifNull((${raw(when)}), 0)` : sql`outcome = '' AND ifNull((${raw(when)}), 0)`;

function splitSql(split: Label['split']): Sql {
  if (split === undefined) return raw("''");
  const from = (day: string): Sql => sql`observed_on >= ${param('Date', day)}`;
  const validation = split.validation === undefined ? raw('') : sql`${from(split.validation)}, 'validation', `;
  return sql`multiIf(${from(split.outOfTime)}, 'out_of_time', ${validation}'train')`;
}
