import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description:
    'Risk of responders: converted contacts whose outcome is bad over those whose outcome is known, by the day of the contact; filter one label, such as dpd30_6m@1.',
  owner: 'growth',
  unit: 'fraction',
  term: '营销客户坏账率',
  formula: 'bad / converted contacts with an outcome',
  direction: 'LOWER_IS_BETTER',
  pitfalls:
    'Labels mixed mean nothing. A customer who converts on two contacts counts twice. Contacts do not say who was held out, so there is no holdout beside it.',
  value: ratioOf('converters@1:bad', 'converters@1:converters'),
});
