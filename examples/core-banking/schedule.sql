SELECT
  LN_NO AS loan_id,
  PERIOD AS installment_no,
  toDateTime64(BOOK_TS, 3, 'Asia/Shanghai') AS effective_at,
  CIF_NO AS customer_id,
  concat(substring(DUE_DT, 1, 4), '-', substring(DUE_DT, 5, 2), '-', substring(DUE_DT, 7, 2)) AS due_date,
  toDecimal64(PRIN_FEN, 2) / 100 AS principal_due,
  toDecimal64(INT_FEN, 2) / 100 AS interest_due
FROM file
