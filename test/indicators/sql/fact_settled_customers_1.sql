SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(uniqExact(customer_id)) AS m0, toString(uniqExactIf(customer_id, retained)) AS m1, toString(uniqExact(customer_id)) AS m2, toString(uniqExactIf(customer_id, reborrowed)) AS m3, toString(max(matures_90)) AS x0, toString(max(matures_7)) AS x1
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1
      FROM (
  SELECT s.as_of AS date, s.customer_id AS customer_id, any(s.product) AS product, any(s.channel) AS channel,
    addDays(s.as_of, 90) AS matures_90, addDays(s.as_of, 7) AS matures_7,
    countIf(l.day > s.as_of AND l.day <= addDays(s.as_of, 90)) > 0 AS retained,
    countIf(l.day >= s.as_of AND l.day <= addDays(s.as_of, 7)) > 0 AS reborrowed
  FROM (
    SELECT customer_id, as_of, argMinIf(product, loan_id, status = 'SETTLED') AS product, argMinIf(channel, loan_id, status = 'SETTLED') AS channel
    FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`line_id` AS `line_id`, v.`status` AS `status`, v.`restructured` AS `restructured`, v.`dpd` AS `dpd`, v.`principal_outstanding` AS `principal_outstanding`, v.`overdue_principal` AS `overdue_principal`, v.`interest_overdue` AS `interest_overdue`, v.`fee_overdue` AS `fee_overdue`, v.`penalty_accrued` AS `penalty_accrued`, v.`risk_class` AS `risk_class`, v.`disbursed_on` AS `disbursed_on`, v.`principal` AS `principal`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String}) AND v.`as_of` >= {p5:Date} AND v.`as_of` <= {p6:Date}
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0) GROUP BY customer_id, as_of
    HAVING countIf(status = 'SETTLED') > 0 AND countIf(status IN ('CURRENT', 'OVERDUE') AND disbursed_on < as_of) = 0
  ) AS s
  LEFT JOIN (SELECT customer_id, toDate(disbursed_at, {p7:String}) AS day FROM (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p8:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p9:DateTime64(3, 'UTC')})) AS l ON s.customer_id = l.customer_id
  GROUP BY s.as_of, s.customer_id)
      WHERE date >= {p10:Date} AND date <= {p11:Date})
    GROUP BY __period, __d0, __d1
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-01","p6":"2026-01-31","p7":"Asia/Shanghai","p8":"2026-01-30 16:00:00.000","p9":"2026-01-30 16:00:00.000","p10":"2026-01-01","p11":"2026-01-31"}
