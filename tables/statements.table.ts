import { day, defineTable, int8, money, opt, text, textOrEmpty } from 'riskgraph';

export default defineTable({
  description: 'A monthly statement of a revolving product.',
  key: ['customer_id', 'product', 'month'],
  eventTime: { kind: 'month', column: 'month' },
  columns: {
    customer_id: text('Who is billed'),
    product: textOrEmpty('The product; empty where there is one only'),
    month: day('The month, by its first day'),
    credit_limit: money('The limit in this month'),
    statement_balance: money('The balance billed; negative where the customer has paid too much'),
    minimum_due: opt(money('The least that has to be paid')),
    due_date: opt(day('By when it has to be paid')),
    amount_paid: money('The amount paid in this month, for the statement of the month before'),
    delinquency: int8('Months past due; zero or less where none'),
  },
});
