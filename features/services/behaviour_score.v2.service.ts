import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'The features of a borrower that the behaviour score reads. Version 2 reads a history in which a loan is late and drawn only while it is on book.',
  owner: 'behaviour-risk',
  features: ['repayment_history@2'],
});
