import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'The features that the decision on an application reads: affordability, place, demand for credit before; they need the request as well as ' +
    'the customer.',
  owner: 'credit-risk',
  features: [
    'application_affordability@1',
    'application_place@1',
    'customer_profile@1:monthly_income',
    'application_history@1:applications_90d',
    'application_history@1:declined_90d',
    'application_history@1:bureau_score',
  ],
});
