import { defineLabel, entersDpd, statusReaches } from 'riskgraph';
import { loan } from '../features/entities.js';

export default defineLabel({
  entity: loan,
  description:
    'A loan that went past due has nothing past due any more, or is settled, on a day within 30 days after its first day in arrears: 1 is paid. For collections.',
  owner: 'collections',
  tags: ['collections'],
  observation: entersDpd(1),
  window: { days: 30 },
  outcome: statusReaches(['CURRENT', 'SETTLED']),
});
