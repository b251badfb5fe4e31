import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description:
    'Promises kept over promises made, by the day of the promise: cash after it, up to the promised day, at least the promised amount; IMMATURE until the last promised day of the period is over.',
  owner: 'collections',
  unit: 'fraction',
  term: '承诺兑现率',
  formula: 'promises kept / promises',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'Two promises on one loan may be kept by the same cash.',
  value: ratioOf('promises@1:kept', 'promises@1:promises'),
});
