import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Cost a report with data; reports without are paid for in it.',
  owner: 'operations',
  unit: 'CNY',
  term: '单次查得成本',
  formula: 'cost / OK',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('external_reports@1:cost', 'external_reports@1:hits'),
});
