import type { IndicatorDimension } from 'riskgraph';
import { amountBand, rateBand, tenorBand } from './bands.js';

/** Columns of `loans` AS l that the dimensions below name. `disbursed_on` is the local day: `toDate(l.disbursed_at, timezone)`. */
export const LOAN_COLUMNS = [
  'l.loan_id AS loan_id, l.customer_id AS customer_id, l.product AS product, l.channel AS channel, l.province AS province, l.purpose AS purpose',
  'l.term_months AS term_months, l.annual_rate AS annual_rate, l.principal AS principal',
].join(', ');

/** What is true of a loan from its disbursement on. */
export const loanDimensions: Readonly<Record<string, IndicatorDimension>> = {
  product: { expression: 'product', description: "The loan's product" },
  channel: { expression: 'channel', description: 'The channel in which the loan was taken' },
  province: { expression: 'province', description: "The borrower's province at the disbursement" },
  purpose: { expression: 'purpose', description: 'The stated purpose' },
  tenor_band: tenorBand('term_months'),
  amount_band: amountBand('principal'),
  rate_band: rateBand('annual_rate'),
  cohort_month: {
    expression: 'toStartOfMonth(disbursed_on)',
    description: 'The month of the disbursement, by its first day',
    type: 'DATE',
  },
};
