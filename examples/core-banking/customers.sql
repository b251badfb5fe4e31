WITH
  concat(substring(OPEN_DT, 1, 4), '-', substring(OPEN_DT, 5, 2), '-', substring(OPEN_DT, 7, 2)) AS open_day,
  concat(substring(OPEN_TM, 1, 2), ':', substring(OPEN_TM, 3, 2), ':', substring(OPEN_TM, 5, 2)) AS open_time
SELECT
  CIF_NO AS customer_id,
  toDateTime64(concat(open_day, ' ', open_time), 3, 'Asia/Shanghai') AS registered_at,
  concat(substring(BIRTH, 1, 4), '-', substring(BIRTH, 5, 2), '-', substring(BIRTH, 7, 2)) AS birth_date,
  SEX AS gender,
  PROV_CD AS province,
  toDecimal64(nullIf(MTH_INC_FEN, '0'), 2) / 100 AS monthly_income,
  toDateTime64(UPD_TS, 3, 'Asia/Shanghai') AS ingested_at
FROM file
