import { defineFeatureService } from '../../src/core/definitions/define.js';

export default defineFeatureService({
  description: 'What the behaviour score reads of a customer who borrows.',
  owner: 'behaviour-risk',
  features: ['repayment_history@1'],
});
