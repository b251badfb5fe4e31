import { defineLabel, dpdReaches, firstDueDate } from 'riskgraph';
import { loan } from '../features/entities.js';

export default defineLabel({
  entity: loan,
  description:
    'First payment default: 7 days after its first due date the first instalment of a loan is still not paid. Observed at the disbursement.',
  owner: 'fraud-risk',
  tags: ['application', 'fraud'],
  observation: firstDueDate(),
  window: { days: 7 },
  outcome: dpdReaches(7),
});
