-- Six rows a customer, September (column 1) back to April 2005 (column 6). The status columns are PAY_0, PAY_2, …, PAY_6: there is no PAY_1.
-- PAY_AMTk is what was paid in month k, towards the bill of month k + 1, the month before: just what amount_paid of month k means.
-- Status -2 (nothing used), -1 (paid in full) and 0 (revolving) are all 'not past due'; the lending schema keeps them as they are.
SELECT
  concat('UCI', leftPad(ID, 5, '0')) AS customer_id,
  'CREDIT_CARD' AS product,
  tupleElement(m, 1) AS month,
  LIMIT_BAL AS credit_limit,
  tupleElement(m, 2) AS statement_balance,
  tupleElement(m, 3) AS amount_paid,
  tupleElement(m, 4) AS delinquency
FROM (
  SELECT ID, LIMIT_BAL, arrayJoin([
    ('2005-09-01', BILL_AMT1, PAY_AMT1, PAY_0),
    ('2005-08-01', BILL_AMT2, PAY_AMT2, PAY_2),
    ('2005-07-01', BILL_AMT3, PAY_AMT3, PAY_3),
    ('2005-06-01', BILL_AMT4, PAY_AMT4, PAY_4),
    ('2005-05-01', BILL_AMT5, PAY_AMT5, PAY_5),
    ('2005-04-01', BILL_AMT6, PAY_AMT6, PAY_6)
  ]) AS m
  FROM file
)
