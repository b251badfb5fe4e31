import { defineTable, floatMap, instant, money, oneOf, opt, text, uint32 } from 'riskgraph';

export default defineTable({
  description: 'A report that was bought from a bureau or another provider.',
  key: ['report_id'],
  eventTime: 'requested_at',
  columns: {
    report_id: text('The id of the report'),
    customer_id: text('Whom it is about'),
    application_id: opt(text('The application for which it was bought')),
    provider: text('The provider'),
    product: text('The provider’s product'),
    requested_at: instant('When it was requested'),
    status: oneOf('How the request ended', ['OK', 'NO_HIT', 'ERROR', 'TIMEOUT']),
    latency_ms: opt(uint32('How long the provider took')),
    cost: opt(money('What it cost')),
    values: floatMap('The values of the report by name: scores, counts of inquiries …'),
  },
});
