WITH if(DR_CR = 'D', -1, 1) AS sign
SELECT
  TXN_NO AS repayment_id,
  LN_NO AS loan_id,
  CIF_NO AS customer_id,
  PERIOD AS installment_no,
  toDateTime64(POST_TS, 3, 'Asia/Shanghai') AS paid_at,
  sign * toDecimal64(PRIN_FEN, 2) / 100 AS principal_paid,
  sign * toDecimal64(INT_FEN, 2) / 100 AS interest_paid,
  sign * toDecimal64(PEN_FEN, 2) / 100 AS penalty_paid,
  if(DR_CR = 'D', 'REVERSAL', transform(CHNL, ['DD', 'APP'], ['AUTO_DEBIT', 'SELF'], CHNL)) AS method
FROM file
