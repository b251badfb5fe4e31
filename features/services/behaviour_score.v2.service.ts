import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'What the behaviour score reads of a customer who borrows. Version 2 reads a history in which a loan is late and drawn only while it is on book.',
  owner: 'behaviour-risk',
  features: ['repayment_history@2'],
});
