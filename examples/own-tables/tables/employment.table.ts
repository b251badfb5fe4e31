import { day, defineTable, instant, money, oneOf, opt, text } from 'riskgraph';

export default defineTable({
  description: 'Where a customer works from an instant on, and how that was verified. A change is another row.',
  key: ['customer_id', 'effective_at'],
  eventTime: 'effective_at',
  columns: {
    customer_id: text('Who works'),
    effective_at: instant('Since when this row holds'),
    status: oneOf('How the customer is employed', ['EMPLOYED', 'SELF_EMPLOYED', 'UNEMPLOYED', 'RETIRED', 'STUDENT']),
    employer_hash: opt(text('The employer, hashed')),
    industry: opt(text('The industry of the employer')),
    hired_on: opt(day('The day on which the customer was hired')),
    monthly_salary: opt(money('The salary before tax, a month', { unit: 'CNY' })),
    verified_by: opt(oneOf('How it was verified', ['PAYSLIP', 'SOCIAL_SECURITY', 'TAX', 'EMPLOYER', 'STATED'])),
  },
});
