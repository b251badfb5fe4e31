import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'What the fraud rules read of a device and of the customer who is on it now; needs customer_id and device_id.',
  owner: 'fraud-risk',
  features: ['device_profile@1', 'device_sharing@1'],
});
