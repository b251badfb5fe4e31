import { defineTable, instant, oneOf, opt, text } from 'riskgraph';

export default defineTable({
  description: 'A contact of a marketing campaign, and what came of it.',
  key: ['contact_id'],
  eventTime: 'sent_at',
  hidden: [
    { columns: ['responded_at'], until: 'responded_at' },
    { columns: ['converted_at'], until: 'converted_at' },
  ],
  columns: {
    contact_id: text('The id of the contact'),
    campaign: text('The campaign'),
    customer_id: text('Who was contacted'),
    channel: oneOf('How', ['H5', 'CALL', 'APP', 'SMS', 'OFFLINE']),
    sent_at: instant('When'),
    responded_at: opt(instant('When the customer responded; NULL until then')),
    converted_at: opt(instant('When the customer applied; NULL until then')),
  },
});
