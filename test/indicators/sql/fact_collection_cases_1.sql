SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(__d4) AS g4, toString(__d5) AS g5, toString(__d6) AS g6, toString(__d7) AS g7, toString(__d8) AS g8, toString(count()) AS m0, toString(countIf(reached)) AS m1, toString(max(matures_on)) AS x0
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2, CAST(purpose, 'Nullable(String)') AS __d3, CAST(multiIf(term_months IS NULL, NULL, term_months <= 3, '01: <= 3 months', term_months <= 6, '02: <= 6 months', term_months <= 12, '03: <= 12 months', term_months <= 24, '04: <= 24 months', term_months <= 36, '05: <= 36 months', '06: > 36 months'), 'Nullable(String)') AS __d4, CAST(multiIf(principal IS NULL, NULL, principal <= 1000, '01: <= 1000', principal <= 3000, '02: <= 3000', principal <= 5000, '03: <= 5000', principal <= 10000, '04: <= 10000', principal <= 20000, '05: <= 20000', principal <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d5, CAST(multiIf(annual_rate IS NULL, NULL, annual_rate <= 0.12, '01: <= 0.12', annual_rate <= 0.18, '02: <= 0.18', annual_rate <= 0.24, '03: <= 0.24', annual_rate <= 0.36, '04: <= 0.36', '05: > 0.36'), 'Nullable(String)') AS __d6, CAST(toStartOfMonth(disbursed_on), 'Nullable(Date32)') AS __d7, CAST(agency, 'Nullable(String)') AS __d8
      FROM (
  SELECT toDate(c.first_at, {p1:String}) AS date, toDate(l.disbursed_at, {p2:String}) AS disbursed_on, l.loan_id AS loan_id, l.customer_id AS customer_id, l.product AS product, l.channel AS channel, l.province AS province, l.purpose AS purpose, l.term_months AS term_months, l.annual_rate AS annual_rate, l.principal AS principal, c.first_agency AS agency,
    addDays(toDate(c.first_at, {p3:String}), 7) AS matures_on,
    arrayExists(at -> at <= c.first_at + INTERVAL 7 DAY, c.reached_at) AS reached
  FROM (
    SELECT ifNull(case_id, loan_id) AS case, min(acted_at) AS first_at, argMin(loan_id, (acted_at, action_id)) AS first_loan,
      argMin(tuple(agency), (acted_at, action_id)).1 AS first_agency, groupArrayIf(acted_at, ifNull(result IN ('REACHED', 'PROMISE', 'PAID'), false)) AS reached_at
    FROM (SELECT v.`action_id` AS `action_id`, v.`case_id` AS `case_id`, v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`acted_at` AS `acted_at`, v.`party` AS `party`, v.`action` AS `action`, v.`result` AS `result`, v.`promised_on` AS `promised_on`, v.`promised_amount` AS `promised_amount`, v.`amount` AS `amount`, v.`agency` AS `agency`, v.`acted_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `collections` AS v WHERE v.ingested_at <= {p4:DateTime64(3, 'UTC')}
    ORDER BY `action_id`, ingested_at DESC, seq DESC LIMIT 1 BY `action_id`
  ) AS v WHERE v.deleted = 0 AND v.`acted_at` <= {p5:DateTime64(3, 'UTC')}) GROUP BY case
  ) AS c
  LEFT JOIN (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p6:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p7:DateTime64(3, 'UTC')}) AS l ON c.first_loan = l.loan_id)
      WHERE date >= {p8:Date} AND date <= {p9:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3, __d4, __d5, __d6, __d7, __d8
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"Asia/Shanghai","p3":"Asia/Shanghai","p4":"2026-01-30 16:00:00.000","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"2026-01-30 16:00:00.000","p8":"2026-01-01","p9":"2026-01-31"}
