import { defineOnDemandView, float64, input } from 'riskgraph';
import { customer } from '../entities.js';

export default defineOnDemandView({
  entity: customer,
  description: 'How regularly a customer opens the app.',
  owner: 'risk',
  request: {},
  inputs: { days: input('INT32', 'login_days@1:login_days_30d') },
  features: {
    login_share_30d: float64({ unit: 'fraction', description: 'Share of 30 days with an event; NULL without any' }),
  },
  compute: ({ days }) => ({ login_share_30d: days === null ? null : days / 30 }),
});
