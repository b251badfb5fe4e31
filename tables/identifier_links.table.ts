import { defineTable, instant, oneOf, pii, text } from 'riskgraph';

export default defineTable({
  description: 'An identifier that a customer used: an edge of the graph of shared identifiers.',
  key: ['customer_id', 'identifier_type', 'identifier', 'seen_at'],
  eventTime: 'seen_at',
  columns: {
    customer_id: text('Who used it'),
    identifier_type: oneOf('The kind of identifier; PHONE and CONTACT_PHONE share one space', [
      'DEVICE',
      'PHONE',
      'CONTACT_PHONE',
      'IP',
      'WIFI',
      'ADDRESS',
      'BANK_CARD',
      'PAYEE_ACCOUNT',
      'ID_NUMBER',
      'EMPLOYER',
      'REFERRER',
      'GUARANTOR',
    ]),
    identifier: pii(text('The identifier, hashed with one salt')),
    seen_at: instant('When it was seen'),
  },
});
