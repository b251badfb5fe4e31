import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description: 'The features of a borrower that the behaviour score reads.',
  owner: 'behaviour-risk',
  features: ['repayment_history@1'],
});
