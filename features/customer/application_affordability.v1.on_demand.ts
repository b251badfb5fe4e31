import { decimal, defineOnDemandView, float64, input, int32 } from 'riskgraph';
import { instalmentOf, ratio } from 'riskgraph/money';
import { customer } from '../entities.js';

export default defineOnDemandView({
  entity: customer,
  description:
    'The affordability of an application: the request against the stated income and the debts of the customer.',
  owner: 'credit-risk',
  tags: ['application', 'affordability'],
  request: {
    requested_amount: decimal({ unit: 'CNY', description: 'Requested principal' }),
    term_months: int32({ unit: 'months', description: 'Requested term' }),
    annual_rate: decimal({ unit: 'fraction', description: 'Offered nominal annual rate: 0.24 is 24 %' }),
  },
  inputs: {
    income: input('DECIMAL', 'customer_profile@1:monthly_income'),
    debt: input('DECIMAL', 'loan_behaviour@1:principal_outstanding'),
  },
  features: {
    amount_over_income: float64({
      unit: 'months of income',
      description: 'Amount asked for over the monthly income; NULL without an income above 0',
    }),
    instalment: decimal({
      unit: 'CNY a month',
      description: 'Level monthly instalment of the request, to the cent; NULL without amount, term and rate',
    }),
    instalment_over_income: float64({
      unit: 'fraction',
      description: 'The instalment over the monthly income; NULL without an income above 0',
    }),
    debt_over_income: float64({
      unit: 'months of income',
      description: 'Amount asked for with the principal outstanding (0 without a loan on book) over the monthly income',
    }),
  },
  compute: ({ requested_amount, term_months, annual_rate, income, debt }) => {
    const instalment = instalmentOf({ principal: requested_amount, months: term_months, annualRate: annual_rate });
    return {
      amount_over_income: ratio([requested_amount], income),
      instalment,
      instalment_over_income: ratio([instalment], income),
      debt_over_income: ratio([requested_amount, debt ?? '0'], income),
    };
  },
});
