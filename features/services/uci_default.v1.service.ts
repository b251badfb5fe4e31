import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'Six months of card statements and demographics: the training set of uci_default, and what its fairness report needs.',
  owner: 'behaviour-risk',
  features: ['statement_history@1'],
});
