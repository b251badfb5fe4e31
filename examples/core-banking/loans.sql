SELECT
  LN_NO AS loan_id,
  CIF_NO AS customer_id,
  APPL_NO AS application_id,
  PROD_CD AS product,
  toDateTime64(VALUE_TS, 3, 'Asia/Shanghai') AS disbursed_at,
  toDecimal64(PRIN_FEN, 2) / 100 AS principal,
  TERM AS term_months,
  toDecimal64(RATE_PCT, 6) / 100 AS annual_rate
FROM file
