import { defineLabel, dpdReaches, monthEnds } from 'riskgraph';
import { customer } from '../features/entities.js';

export default defineLabel({
  entity: customer,
  description:
    'A customer with an open loan, none of them 60 days past due, reaches 60 days past due on any loan within twelve months of a month end, or is written off.',
  owner: 'behaviour-risk',
  tags: ['behaviour'],
  observation: monthEnds({ at: '06:00' }),
  window: { months: 12 },
  outcome: dpdReaches(60, { on: 'any' }),
  exclude: {
    '60 or more days past due already': 'dpd >= 60',
    'a loan was written off before': 'written_off_before',
  },
});
