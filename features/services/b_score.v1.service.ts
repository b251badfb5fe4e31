import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'The features of a customer with an open loan that b_score@1 reads: debts and arrears, timing of payments, use of the app, demand for credit.',
  owner: 'behaviour-risk',
  features: ['loan_behaviour@1', 'payment_rhythm@1', 'app_activity@1', 'application_history@1'],
});
