import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description: 'Amount overdue of loans on the first day in a bucket; ask by bucket.',
  owner: 'collections',
  unit: 'CNY',
  term: '入催金额',
  formula: 'SUM(overdue at the entry)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('bucket_entries@1:entry_amount'),
});
