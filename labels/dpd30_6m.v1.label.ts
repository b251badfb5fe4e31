import { defineLabel, dpdReaches, monthEnds } from 'riskgraph';
import { customer } from '../features/entities.js';

export default defineLabel({
  entity: customer,
  description:
    'A customer with an open loan, none of them 30 days past due, reaches 30 days past due on any loan within six months of a month end, or is written ' +
    'off. It is the target of b_score: observed at 06:00 of the day after, when the features of that midnight are there.',
  owner: 'behaviour-risk',
  tags: ['behaviour'],
  observation: monthEnds({ at: '06:00' }),
  window: { months: 6 },
  outcome: dpdReaches(30, { on: 'any' }),
  exclude: {
    '30 or more days past due already': 'dpd >= 30',
    'a loan was written off before': 'written_off_before',
  },
});
