import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description:
    'Lost contact: cases in which nobody, neither borrower nor contact, was reached within 30 days of the first action, over cases by the day of their first action; IMMATURE until the last case of the period is 30 days old.',
  owner: 'collections',
  unit: 'fraction',
  term: '失联率',
  formula: 'nobody reached within 30 days / cases',
  direction: 'LOWER_IS_BETTER',
  pitfalls: 'Reached is REACHED, PROMISE or PAID.',
  value: ratioOf('collection_cases@2:lost', 'collection_cases@2:cases_30'),
});
