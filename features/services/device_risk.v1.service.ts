import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({
  description:
    'The features of a device, and of the customer who uses it now, that the fraud rules read; they need customer_id and device_id.',
  owner: 'fraud-risk',
  features: ['device_profile@1', 'device_sharing@1'],
});
