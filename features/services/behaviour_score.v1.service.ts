import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description: 'What the behaviour score reads of a customer who borrows.',
  owner: 'behaviour-risk',
  features: ['repayment_history@1'],
});
