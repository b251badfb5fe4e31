import { defineTable, instant, opt, pii, text } from 'riskgraph';

export default defineTable({
  description: 'An identifier that never links two customers, such as the phone of a shop.',
  key: ['identifier_type', 'identifier'],
  eventTime: 'trusted_at',
  columns: {
    identifier_type: text('The kind, as in identifier_links'),
    identifier: pii(text('The identifier, hashed with the salt of identifier_links')),
    trusted_at: instant('From when on it links no one'),
    reason: text('Why it is trusted'),
    until: opt(instant('When the trust ends; without it, never')),
  },
});
