SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(__d4) AS g4, toString(__d5) AS g5, toString(__d6) AS g6, toString(__d7) AS g7, toString(sum(balance)) AS m0, toString(toDecimal256(sum(balance), 20) / 365) AS m1, toString(sum(income)) AS m2, toString(sum(charged_off)) AS m3, toString(sum(recovered)) AS m4, toString(sum(charged_off - recovered)) AS m5, toString(max(matures_on)) AS x0
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2, CAST(purpose, 'Nullable(String)') AS __d3, CAST(multiIf(term_months IS NULL, NULL, term_months <= 3, '01: <= 3 months', term_months <= 6, '02: <= 6 months', term_months <= 12, '03: <= 12 months', term_months <= 24, '04: <= 24 months', term_months <= 36, '05: <= 36 months', '06: > 36 months'), 'Nullable(String)') AS __d4, CAST(multiIf(principal IS NULL, NULL, principal <= 1000, '01: <= 1000', principal <= 3000, '02: <= 3000', principal <= 5000, '03: <= 5000', principal <= 10000, '04: <= 10000', principal <= 20000, '05: <= 20000', principal <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d5, CAST(multiIf(annual_rate IS NULL, NULL, annual_rate <= 0.12, '01: <= 0.12', annual_rate <= 0.18, '02: <= 0.18', annual_rate <= 0.24, '03: <= 0.24', annual_rate <= 0.36, '04: <= 0.36', '05: > 0.36'), 'Nullable(String)') AS __d6, CAST(toStartOfMonth(disbursed_on), 'Nullable(Date32)') AS __d7
      FROM (
  WITH (SELECT groupUniqArray(as_of) FROM (SELECT v.`as_of` AS `as_of`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String}) AND v.`as_of` >= {p5:Date} AND v.`as_of` <= {p6:Date}
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)) AS days
  SELECT e.date AS date, e.matures_on AS matures_on, e.balance AS balance, e.charged_off AS charged_off, e.income AS income, e.recovered AS recovered,
    toDate(l.disbursed_at, {p7:String}) AS disbursed_on, l.loan_id AS loan_id, l.customer_id AS customer_id, l.product AS product, l.channel AS channel, l.province AS province, l.purpose AS purpose, l.term_months AS term_months, l.annual_rate AS annual_rate, l.principal AS principal
  FROM (
    SELECT loan_id, as_of AS date, if(length(days) > arrayMax(days) - arrayMin(days) OR as_of = arrayMax(days) OR has(days, as_of + 1), as_of, toDate('2149-06-06')) AS matures_on,
      toDecimal128(if(status IN ('CURRENT', 'OVERDUE'), principal_outstanding, 0), 2) AS balance,
      toDecimal128(if(status = 'WRITTEN_OFF', principal_outstanding, 0), 2) AS charged_off, toDecimal128(0, 2) AS income, toDecimal128(0, 2) AS recovered
    FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`status` AS `status`, v.`principal_outstanding` AS `principal_outstanding`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p8:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p9:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p10:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p11:String}) AND v.`as_of` >= {p12:Date} AND v.`as_of` <= {p13:Date}
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)
    UNION ALL
    SELECT r.loan_id AS loan_id, toDate(r.paid_at, {p14:String}) AS date, date AS matures_on, toDecimal128(0, 2) AS balance, toDecimal128(0, 2) AS charged_off,
      toDecimal128(r.interest_paid, 2) + ifNull(r.fee_paid, 0) + ifNull(r.penalty_paid, 0) AS income,
      if(ifNull(r.paid_at > w.written_off_at, false), toDecimal128(r.principal_paid, 2) + income, toDecimal128(0, 2)) AS recovered
    FROM (SELECT * FROM (SELECT v.`repayment_id` AS `repayment_id`, v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`installment_no` AS `installment_no`, v.`paid_at` AS `paid_at`, v.`principal_paid` AS `principal_paid`, v.`interest_paid` AS `interest_paid`, v.`fee_paid` AS `fee_paid`, v.`penalty_paid` AS `penalty_paid`, v.`method` AS `method`, v.`paid_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `repayments` AS v WHERE v.ingested_at <= {p15:DateTime64(3, 'UTC')}
    ORDER BY `repayment_id`, ingested_at DESC, seq DESC LIMIT 1 BY `repayment_id`
  ) AS v WHERE v.deleted = 0 AND v.`paid_at` <= {p16:DateTime64(3, 'UTC')}) WHERE ifNull(method != 'WAIVER', true)) AS r
    LEFT JOIN (
      SELECT loan_id, toNullable(min(occurred_at)) AS written_off_at FROM (SELECT v.`loan_id` AS `loan_id`, v.`event_type` AS `event_type`, v.`occurred_at` AS `occurred_at`, v.`amount` AS `amount`, v.`detail` AS `detail`, v.`occurred_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_events` AS v WHERE v.ingested_at <= {p17:DateTime64(3, 'UTC')} AND v.`occurred_at` <= {p18:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, `event_type`, `occurred_at`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `event_type`, `occurred_at`
  ) AS v WHERE v.deleted = 0) WHERE event_type = 'WRITTEN_OFF' GROUP BY loan_id
    ) AS w ON r.loan_id = w.loan_id
  ) AS e
  LEFT JOIN (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p19:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p20:DateTime64(3, 'UTC')}) AS l ON e.loan_id = l.loan_id)
      WHERE date >= {p21:Date} AND date <= {p22:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3, __d4, __d5, __d6, __d7
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-01","p6":"2026-01-31","p7":"Asia/Shanghai","p8":"Asia/Shanghai","p9":"2026-01-30 16:00:00.000","p10":"2026-01-30 16:00:00.000","p11":"Asia/Shanghai","p12":"2026-01-01","p13":"2026-01-31","p14":"Asia/Shanghai","p15":"2026-01-30 16:00:00.000","p16":"2026-01-30 16:00:00.000","p17":"2026-01-30 16:00:00.000","p18":"2026-01-30 16:00:00.000","p19":"2026-01-30 16:00:00.000","p20":"2026-01-30 16:00:00.000","p21":"2026-01-01","p22":"2026-01-31"}
