-- Default in October 2005, observed at 06:00 of 1 October (local), when the features of that midnight are out; known after the month.
SELECT
  'customer' AS entity,
  concat('UCI', leftPad(ID, 5, '0')) AS entity_id,
  'default_next_month' AS name,
  '2005-09-30T22:00:00.000Z' AS observed_at,
  '2005-09-30T22:00:00.000Z' AS window_from,
  '2005-10-31T15:59:59.999Z' AS window_to,
  '2005-11-01T15:59:59.999Z' AS known_at,
  `default.payment.next.month` AS value
FROM file
