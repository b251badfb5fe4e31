import { defineLabel, dpdReaches, monthsOnBook } from 'riskgraph';
import { loan } from '../features/entities.js';

export default defineLabel({
  entity: loan,
  description:
    'A loan is ever 90 days past due, or written off, within twelve months of its disbursement, at which it is observed. One that is repaid early is good.',
  owner: 'application-risk',
  tags: ['application'],
  observation: monthsOnBook(0),
  window: { months: 12 },
  outcome: dpdReaches(90),
});
