import { day, defineTable, float, instant, opt, text, textOrEmpty, uint16 } from 'riskgraph';

export default defineTable({
  description:
    'A customer in a gang from a local day on, derived from links; a row is there on days on which something about it changed.',
  key: ['customer_id', 'as_of'],
  derivationRuns: 'gang_runs',
  derivationJob: 'derive_gangs',
  eventTime: { kind: 'day', column: 'as_of' },
  columns: {
    customer_id: text('The member'),
    as_of: day('The local day at whose end this holds, until the next row of the customer'),
    gang_id: textOrEmpty('The gang; empty once the customer is in none'),
    joined_at: opt(instant('When the customer and another member had first both been seen with one identifier')),
    known_bad: uint16(
      '1 where the customer is known bad by the end of the day: 30 days past due once, written off, or in a gang judged CONFIRMED',
      {
        range: [0, 1],
      },
    ),
    shared_identifiers: uint16('Identifiers shared with other members'),
    neighbours: uint16('Other members who share an identifier with the customer'),
    second_neighbours: uint16('Members who share one with a neighbour, and none with the customer'),
    bad_neighbours: uint16('Neighbours who are known bad'),
    distance_to_bad: opt(uint16('Identifiers on the shortest way to another member who is known bad')),
    core_number: uint16(
      'The largest k for which the customer is in a part of the gang where everyone has k neighbours',
    ),
    propagated_risk: float('Risk that flows in from other members who are known bad', { range: [0, 1] }),
  },
});
