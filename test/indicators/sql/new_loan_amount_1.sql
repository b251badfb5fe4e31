SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(sum(principal)) AS m0
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2
      FROM (
  SELECT toDate(disbursed_at, {p1:String}) AS date, principal, product, channel, province FROM (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p3:DateTime64(3, 'UTC')}))
      WHERE date >= {p4:Date} AND date <= {p5:Date})
    GROUP BY __period, __d0, __d1, __d2
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"2026-01-01","p5":"2026-01-31"}
