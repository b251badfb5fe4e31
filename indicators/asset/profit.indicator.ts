import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description:
    'Profit: interest, fees and penalties received, less principal charged off and not recovered, less costs; ask by score_band. Costs are shared by balance, those of acquisition by first loans.',
  owner: 'finance',
  unit: 'CNY',
  term: '利润',
  formula: 'income - (charged off - recovered) - costs',
  direction: 'HIGHER_IS_BETTER',
  pitfalls:
    'The band is of the last score before the disbursement, whatever its model: filter score_model where there are several. Cash and not accrual, without provisions.',
  value: totalOf('loan_profits@1:profit'),
});
