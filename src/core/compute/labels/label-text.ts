/** What a label's file says in SQL. */
import type { LabelOutcomeContext } from '../../definitions/define-label.js';
import type { Label } from '../../definitions/definitions.js';
import { raw, type Sql, sql } from '../../definitions/sql.js';

/** Renders tables as calls and days by their meaning, so that another table is another text. */
const CONTEXT: LabelOutcomeContext = {
  source: (table, { where } = {}) => (where ? sql`(source(${raw(table)} WHERE ${where}))` : raw(`(source(${table}))`)),
  from: raw('fromDay'),
  to: raw('toDay'),
  timezone: raw('timezone'),
  observations: raw('(observations)'),
};

const textOf = (query: Sql): string => {
  const { query: text, params } = query.render();
  return `${text.replace(/\s+/g, ' ').trim()} ${JSON.stringify(params)}`;
};

/** The texts of the queries that a label brings: of its observations, of its outcome. */
export const labelTexts = ({ observation, outcome }: Pick<Label, 'observation' | 'outcome'>): readonly string[] => [
  ...(observation.kind === 'sql' ? [textOf(observation.query(CONTEXT))] : []),
  ...(outcome.kind === 'sql' ? [textOf(outcome.query(CONTEXT))] : []),
];
