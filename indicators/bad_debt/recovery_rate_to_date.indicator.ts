import { cumulative, defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description: 'Recoveries over principal charged off, both to date.',
  owner: 'finance',
  unit: 'fraction',
  term: '累计回收率',
  formula: 'recoveries to date / charged off to date',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf(cumulative('repayments@1:recovered'), cumulative('loan_closings@1:written_off_amount')),
});
