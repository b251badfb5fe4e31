import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description:
    'Provision coverage: provisions over principal outstanding of non-performing loans. NPL ratio = provision ratio / coverage.',
  owner: 'finance',
  unit: 'fraction',
  term: '拨备覆盖率',
  formula: 'provisions / NPL balance',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('provisions@1:amount', 'loan_days@1:npl_balance'),
});
