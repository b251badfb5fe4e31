import { cumulative, defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    '1+ delinquency on disbursed amount: principal outstanding of loans with DPD >= 1 at the end of the period over all principal ever disbursed; by cohort_month it is that of the cohort.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '放款逾期率',
  formula: 'balance of DPD >= 1 / principal ever disbursed',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:overdue_balance_1', cumulative('loans@1:amount')),
});
