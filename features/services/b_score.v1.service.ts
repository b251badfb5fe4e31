import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'What the behaviour score b_score@1 reads of a customer with an open loan: debts and delays, rhythm of payment, use of the app, credit asked for.',
  owner: 'behaviour-risk',
  features: ['loan_behaviour@1', 'payment_rhythm@1', 'app_activity@1', 'application_history@1'],
});
