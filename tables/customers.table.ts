import { dayOfBirth, defineTable, instant, money, opt, pii, text } from 'riskgraph';

export default defineTable({
  description: 'A person who registered, as the lender knows them now; a correction is a new version.',
  key: ['customer_id'],
  eventTime: 'registered_at',
  columns: {
    customer_id: text('The lender’s id of the customer'),
    registered_at: instant('When the customer registered'),
    birth_date: opt(pii(dayOfBirth('The date of birth'))),
    gender: opt(text('The gender as stated')),
    education: opt(text('The education as stated')),
    marital_status: opt(text('The marital status as stated')),
    province: opt(text('The province of residence')),
    city: opt(text('The city of residence')),
    occupation: opt(text('The occupation as stated')),
    monthly_income: opt(money('The monthly income as stated')),
    phone_hash: opt(pii(text('The phone number, hashed by the lender'))),
    id_region: opt(text('The region code of the identity document')),
    phone_region: opt(text('The region in which the phone number was issued')),
    channel: opt(text('The channel through which the customer came')),
    segment: opt(text('The lender’s own segment')),
  },
});
