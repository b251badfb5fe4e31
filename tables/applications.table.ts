import { datum, defineTable, instant, latitude, longitude, money, months, oneOf, opt, pii, text } from 'riskgraph';

export default defineTable({
  description: 'A request for credit and how it was decided. What the decision says reads NULL before `decided_at`.',
  key: ['application_id'],
  eventTime: 'applied_at',
  hidden: [
    {
      columns: ['decision', 'decision_path', 'decided_at', 'approved_amount', 'decline_reason'],
      until: 'decided_at',
      outcome: { column: 'decision', open: ['PENDING'] },
    },
  ],
  position: { latitude: 'latitude', longitude: 'longitude', datum: 'datum' },
  columns: {
    application_id: text('The id of the application'),
    customer_id: text('Who applies'),
    kind: oneOf('A credit line, a drawdown of one, or a single loan', ['CREDIT', 'DRAWDOWN', 'LOAN']),
    product: text('The product that is asked for'),
    channel: opt(text('The channel of the application')),
    applied_at: instant('When it was submitted'),
    amount: money('The amount that is asked for'),
    term_months: months('The term that is asked for, in months'),
    purpose: opt(text('The stated purpose')),
    line_id: opt(text('The credit line of a drawdown')),
    device_id: opt(pii(text('The device that submitted it'))),
    ip: opt(pii(text('The address that submitted it'))),
    latitude: opt(pii(latitude('The latitude of the submitting device, in degrees'))),
    longitude: opt(pii(longitude('The longitude of the submitting device, in degrees'))),
    datum: datum('The datum of the position; RISKGRAPH_DATUM where absent'),
    province: opt(text('The declared province')),
    city: opt(text('The declared city')),
    decision: opt(oneOf('How it was decided', ['APPROVED', 'DECLINED', 'PENDING', 'CANCELLED', 'EXPIRED'])),
    decision_path: opt(oneOf('By rules alone or by a person', ['AUTO', 'MANUAL'])),
    decided_at: opt(instant('When it was decided')),
    approved_amount: opt(money('The amount that was approved')),
    decline_reason: opt(text('The lender’s reason for a decline')),
  },
});
