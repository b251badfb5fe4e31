import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description:
    'Recovery by entry bucket: cash on the 30 days after a loan enters a bucket, capped at what was overdue on that day, over what was overdue; ask by bucket. IMMATURE until the last entry of the period is 30 days old.',
  owner: 'collections',
  unit: 'fraction',
  term: '催回率',
  formula: 'MIN(entry amount, cash within 30 days) / entry amount',
  direction: 'HIGHER_IS_BETTER',
  pitfalls:
    'Instalments that fall due later are in neither. Buckets together count a loan once for each that it enters.',
  value: ratioOf('bucket_entries@1:recovered', 'bucket_entries@1:entry_amount'),
});
