import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description: '60+ delinquency of statement products at the end of a month, by count of accounts with a statement.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '账户逾期率',
  formula: 'accounts of DPD >= 60 / accounts',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('statement_accounts@1:overdue_accounts_60', 'statement_accounts@1:accounts'),
});
