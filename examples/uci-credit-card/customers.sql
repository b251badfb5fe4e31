-- One row a customer. Codes that the data's own description does not explain (EDUCATION 0, 5, 6; MARRIAGE 0) are unknown, not 'other'.
SELECT
  concat('UCI', leftPad(ID, 5, '0')) AS customer_id,
  -- The accounts are there from the first statement month on: 1 April 2005, local.
  '2005-03-31T16:00:00.000Z' AS registered_at,
  -- Only the age in years is given: 1 January makes it right on 30 September 2005.
  concat(toString(2005 - toInt32(AGE)), '-01-01') AS birth_date,
  multiIf(SEX = '1', 'male', SEX = '2', 'female', NULL) AS gender,
  multiIf(EDUCATION = '1', 'graduate_school', EDUCATION = '2', 'university', EDUCATION = '3', 'high_school', EDUCATION = '4', 'other', NULL) AS education,
  multiIf(MARRIAGE = '1', 'married', MARRIAGE = '2', 'single', MARRIAGE = '3', 'other', NULL) AS marital_status
FROM file
