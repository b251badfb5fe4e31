SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(count()) AS m0, toString(uniqExact(customer_id)) AS m1, toString(uniqExactIf(customer_id, drew)) AS m2, toString(uniqExactIf(customer_id, drew_30)) AS m3, toString(sum(granted)) AS m4, toString(sum(drawn_30)) AS m5, toString(max(matures_on)) AS x0
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(multiIf(granted IS NULL, NULL, granted <= 1000, '01: <= 1000', granted <= 3000, '02: <= 3000', granted <= 5000, '03: <= 5000', granted <= 10000, '04: <= 10000', granted <= 20000, '05: <= 20000', granted <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d1
      FROM (
  SELECT c.date AS date, addDays(c.date, 30) AS matures_on, c.customer AS customer_id, c.product AS product, c.granted AS granted,
    toDecimal128(ifNull(sumIf(l.principal, l.day >= c.date AND l.day <= addDays(c.date, 30)), 0), 2) AS drawn_30, ifNull(countIf(l.day >= c.date AND l.day <= addDays(c.date, 30)) > 0, false) AS drew_30,
    countIf(ifNull(l.line_id, '') != '') > 0 AS drew
  FROM (
    SELECT line_id AS line, toDate(min(effective_at), {p1:String}) AS date, argMin(customer_id, effective_at) AS customer, argMin(product, effective_at) AS product,
      argMin(limit_amount, effective_at) AS granted
    FROM (SELECT v.`line_id` AS `line_id`, v.`effective_at` AS `effective_at`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`application_id` AS `application_id`, v.`limit_amount` AS `limit_amount`, v.`annual_rate` AS `annual_rate`, v.`status` AS `status`, v.`reason` AS `reason`, v.`effective_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `credit_lines` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`effective_at` <= {p3:DateTime64(3, 'UTC')}
    ORDER BY `line_id`, `effective_at`, ingested_at DESC, seq DESC LIMIT 1 BY `line_id`, `effective_at`
  ) AS v WHERE v.deleted = 0) GROUP BY line_id HAVING granted > 0
  ) AS c
  LEFT JOIN (SELECT line_id, principal, toDate(disbursed_at, {p4:String}) AS day FROM (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p5:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p6:DateTime64(3, 'UTC')}) WHERE line_id IS NOT NULL) AS l ON c.line = l.line_id
  GROUP BY c.line, c.date, c.customer, c.product, c.granted)
      WHERE date >= {p7:Date} AND date <= {p8:Date})
    GROUP BY __period, __d0, __d1
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"2026-01-01","p8":"2026-01-31"}
