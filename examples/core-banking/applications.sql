SELECT
  APPL_NO AS application_id,
  CIF_NO AS customer_id,
  'LOAN' AS kind,
  PROD_CD AS product,
  toDateTime64(APPL_TS, 3, 'Asia/Shanghai') AS applied_at,
  toDecimal64(REQ_AMT_FEN, 2) / 100 AS amount,
  TERM AS term_months,
  transform(STAT_CD, ['A', 'R', 'P'], ['APPROVED', 'DECLINED', 'PENDING'], STAT_CD) AS decision,
  toDateTime64(DECN_TS, 3, 'Asia/Shanghai') AS decided_at,
  toDecimal64(APPR_AMT_FEN, 2) / 100 AS approved_amount
FROM file
