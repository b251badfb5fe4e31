SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(__d4) AS g4, toString(__d5) AS g5, toString(__d6) AS g6, toString(__d7) AS g7, toString(__d8) AS g8, toString(__d9) AS g9, toString(sum(income)) AS m0, toString(sum(charged_off - recovered)) AS m1, toString(round(sum(cost), 2)) AS m2, toString(round(sum(income - charged_off + recovered - cost), 2)) AS m3
    FROM (
      SELECT *, toStartOfMonth(date) AS __period, CAST(if(cost_product = '', product, cost_product), 'Nullable(String)') AS __d0, CAST(ifNull(cost_channel, channel), 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2, CAST(purpose, 'Nullable(String)') AS __d3, CAST(multiIf(term_months IS NULL, NULL, term_months <= 3, '01: <= 3 months', term_months <= 6, '02: <= 6 months', term_months <= 12, '03: <= 12 months', term_months <= 24, '04: <= 24 months', term_months <= 36, '05: <= 36 months', '06: > 36 months'), 'Nullable(String)') AS __d4, CAST(multiIf(principal IS NULL, NULL, principal <= 1000, '01: <= 1000', principal <= 3000, '02: <= 3000', principal <= 5000, '03: <= 5000', principal <= 10000, '04: <= 10000', principal <= 20000, '05: <= 20000', principal <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d5, CAST(multiIf(annual_rate IS NULL, NULL, annual_rate <= 0.12, '01: <= 0.12', annual_rate <= 0.18, '02: <= 0.18', annual_rate <= 0.24, '03: <= 0.24', annual_rate <= 0.36, '04: <= 0.36', '05: > 0.36'), 'Nullable(String)') AS __d6, CAST(toStartOfMonth(disbursed_on), 'Nullable(Date32)') AS __d7, CAST(score_band, 'Nullable(String)') AS __d8, CAST(score_model, 'Nullable(String)') AS __d9
      FROM (
  SELECT e.date AS date, e.income AS income, e.charged_off AS charged_off, e.recovered AS recovered, e.cost AS cost, e.cost_product AS cost_product, e.cost_channel AS cost_channel, toDate(l.disbursed_at, {p1:String}) AS disbursed_on,
    nullIf(l.score.1, '') AS score_model, nullIf(l.score.2, '') AS score_band, l.loan_id AS loan_id, l.customer_id AS customer_id, l.product AS product, l.channel AS channel, l.province AS province, l.purpose AS purpose, l.term_months AS term_months, l.annual_rate AS annual_rate, l.principal AS principal
  FROM (
    SELECT loan_id, as_of AS date, '' AS cost_product, CAST(NULL, 'Nullable(String)') AS cost_channel, toDecimal256(0, 14) AS income, toDecimal256(principal_outstanding, 14) AS charged_off, toDecimal256(0, 14) AS recovered, toDecimal256(0, 14) AS cost
    FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`status` AS `status`, v.`principal_outstanding` AS `principal_outstanding`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p2:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p3:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p4:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p5:String}) AND v.`as_of` >= {p6:Date} AND v.`as_of` <= {p7:Date}
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0) WHERE status = 'WRITTEN_OFF'
    UNION ALL
    SELECT r.loan_id AS loan_id, toDate(r.paid_at, {p8:String}) AS date, '' AS cost_product, CAST(NULL, 'Nullable(String)') AS cost_channel,
      if(late, toDecimal256(0, 14), earned) AS income, toDecimal256(0, 14) AS charged_off, if(late, r.principal_paid + earned, toDecimal256(0, 14)) AS recovered, toDecimal256(0, 14) AS cost
    FROM (
      SELECT p.loan_id AS loan_id, p.paid_at AS paid_at, p.principal_paid AS principal_paid, ifNull(p.paid_at > w.written_off_at, false) AS late,
        toDecimal256(p.interest_paid, 14) + ifNull(p.fee_paid, 0) + ifNull(p.penalty_paid, 0) AS earned
      FROM (SELECT * FROM (SELECT v.`repayment_id` AS `repayment_id`, v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`installment_no` AS `installment_no`, v.`paid_at` AS `paid_at`, v.`principal_paid` AS `principal_paid`, v.`interest_paid` AS `interest_paid`, v.`fee_paid` AS `fee_paid`, v.`penalty_paid` AS `penalty_paid`, v.`method` AS `method`, v.`paid_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `repayments` AS v WHERE v.ingested_at <= {p9:DateTime64(3, 'UTC')}
    ORDER BY `repayment_id`, ingested_at DESC, seq DESC LIMIT 1 BY `repayment_id`
  ) AS v WHERE v.deleted = 0 AND v.`paid_at` <= {p10:DateTime64(3, 'UTC')}) WHERE ifNull(method != 'WAIVER', true)) AS p
      LEFT JOIN (
        SELECT loan_id, toNullable(min(occurred_at)) AS written_off_at FROM (SELECT v.`loan_id` AS `loan_id`, v.`event_type` AS `event_type`, v.`occurred_at` AS `occurred_at`, v.`amount` AS `amount`, v.`detail` AS `detail`, v.`occurred_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_events` AS v WHERE v.ingested_at <= {p11:DateTime64(3, 'UTC')} AND v.`occurred_at` <= {p12:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, `event_type`, `occurred_at`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `event_type`, `occurred_at`
  ) AS v WHERE v.deleted = 0) WHERE event_type = 'WRITTEN_OFF' GROUP BY loan_id
      ) AS w ON p.loan_id = w.loan_id
    ) AS r
    UNION ALL
    SELECT loan_id, date, cost_product, cost_channel, toDecimal256(0, 14) AS income, toDecimal256(0, 14) AS charged_off, toDecimal256(0, 14) AS recovered, cost AS cost FROM (
    SELECT o.loan_id AS loan_id, c.month AS date, '' AS cost_product, CAST(NULL, 'Nullable(String)') AS cost_channel, toDecimal256(c.amount, 12) * o.weight / sum(o.weight) OVER (PARTITION BY c.month, c.product, c.channel, c.kind) AS cost
    FROM (SELECT * FROM (SELECT v.`month` AS `month`, v.`product` AS `product`, v.`channel` AS `channel`, v.`kind` AS `kind`, v.`amount` AS `amount`, toTimeZone(toDateTime64(toLastDayOfMonth(v.`month`) + 1, 3, {p13:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `costs` AS v WHERE v.ingested_at <= {p14:DateTime64(3, 'UTC')} AND toLastDayOfMonth(v.`month`) < toDate({p15:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p16:String})
    ORDER BY `month`, `product`, `channel`, `kind`, ingested_at DESC, seq DESC LIMIT 1 BY `month`, `product`, `channel`, `kind`
  ) AS v WHERE v.deleted = 0) WHERE kind != 'ACQUISITION') AS c
    INNER JOIN (
      SELECT loan_id, toStartOfMonth(as_of) AS month, product, channel, toDecimal256(sum(principal_outstanding), 2) AS weight
      FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`product` AS `product`, v.`channel` AS `channel`, v.`status` AS `status`, v.`principal_outstanding` AS `principal_outstanding`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p17:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p18:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p19:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p20:String}) AND v.`as_of` >= {p21:Date} AND v.`as_of` <= {p22:Date}
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)
      WHERE status IN ('CURRENT', 'OVERDUE') GROUP BY loan_id, month, product, channel HAVING weight > 0
    ) AS o ON c.month = o.month AND c.product = o.product AND c.channel = o.channel
    UNION ALL
    SELECT '' AS loan_id, month AS date, toString(product) AS cost_product, CAST(channel, 'Nullable(String)') AS cost_channel, toDecimal256(amount, 14) AS cost FROM (SELECT v.`month` AS `month`, v.`product` AS `product`, v.`channel` AS `channel`, v.`kind` AS `kind`, v.`amount` AS `amount`, toTimeZone(toDateTime64(toLastDayOfMonth(v.`month`) + 1, 3, {p23:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `costs` AS v WHERE v.ingested_at <= {p24:DateTime64(3, 'UTC')} AND toLastDayOfMonth(v.`month`) < toDate({p25:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p26:String})
    ORDER BY `month`, `product`, `channel`, `kind`, ingested_at DESC, seq DESC LIMIT 1 BY `month`, `product`, `channel`, `kind`
  ) AS v WHERE v.deleted = 0)
    WHERE kind != 'ACQUISITION' AND (month, product, channel) NOT IN (SELECT month, product, assumeNotNull(channel) FROM (
      SELECT loan_id, toStartOfMonth(as_of) AS month, product, channel, toDecimal256(sum(principal_outstanding), 2) AS weight
      FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`product` AS `product`, v.`channel` AS `channel`, v.`status` AS `status`, v.`principal_outstanding` AS `principal_outstanding`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p27:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p28:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p29:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p30:String}) AND v.`as_of` >= {p31:Date} AND v.`as_of` <= {p32:Date}
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)
      WHERE status IN ('CURRENT', 'OVERDUE') GROUP BY loan_id, month, product, channel HAVING weight > 0
    ) WHERE channel IS NOT NULL))
    UNION ALL
    SELECT loan_id, date, cost_product, cost_channel, toDecimal256(0, 14) AS income, toDecimal256(0, 14) AS charged_off, toDecimal256(0, 14) AS recovered, cost AS cost FROM (
    SELECT o.loan_id AS loan_id, c.month AS date, '' AS cost_product, CAST(NULL, 'Nullable(String)') AS cost_channel, toDecimal256(c.amount, 12) * toDecimal256(1, 2) / sum(toDecimal256(1, 2)) OVER (PARTITION BY c.month, c.product, c.channel, c.kind) AS cost
    FROM (SELECT * FROM (SELECT v.`month` AS `month`, v.`product` AS `product`, v.`channel` AS `channel`, v.`kind` AS `kind`, v.`amount` AS `amount`, toTimeZone(toDateTime64(toLastDayOfMonth(v.`month`) + 1, 3, {p33:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `costs` AS v WHERE v.ingested_at <= {p34:DateTime64(3, 'UTC')} AND toLastDayOfMonth(v.`month`) < toDate({p35:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p36:String})
    ORDER BY `month`, `product`, `channel`, `kind`, ingested_at DESC, seq DESC LIMIT 1 BY `month`, `product`, `channel`, `kind`
  ) AS v WHERE v.deleted = 0) WHERE kind = 'ACQUISITION') AS c
    INNER JOIN (
      SELECT loan_id, toStartOfMonth(toDate(disbursed_at, {p37:String})) AS month, product, channel
      FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY disbursed_at, loan_id) AS place FROM (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p38:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p39:DateTime64(3, 'UTC')})) WHERE place = 1
    ) AS o ON c.month = o.month AND c.product = o.product AND c.channel = o.channel
    UNION ALL
    SELECT '' AS loan_id, month AS date, toString(product) AS cost_product, CAST(channel, 'Nullable(String)') AS cost_channel, toDecimal256(amount, 14) AS cost FROM (SELECT v.`month` AS `month`, v.`product` AS `product`, v.`channel` AS `channel`, v.`kind` AS `kind`, v.`amount` AS `amount`, toTimeZone(toDateTime64(toLastDayOfMonth(v.`month`) + 1, 3, {p40:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `costs` AS v WHERE v.ingested_at <= {p41:DateTime64(3, 'UTC')} AND toLastDayOfMonth(v.`month`) < toDate({p42:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p43:String})
    ORDER BY `month`, `product`, `channel`, `kind`, ingested_at DESC, seq DESC LIMIT 1 BY `month`, `product`, `channel`, `kind`
  ) AS v WHERE v.deleted = 0)
    WHERE kind = 'ACQUISITION' AND (month, product, channel) NOT IN (SELECT month, product, assumeNotNull(channel) FROM (
      SELECT loan_id, toStartOfMonth(toDate(disbursed_at, {p44:String})) AS month, product, channel
      FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY disbursed_at, loan_id) AS place FROM (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p45:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p46:DateTime64(3, 'UTC')})) WHERE place = 1
    ) WHERE channel IS NOT NULL))
  ) AS e
  LEFT JOIN (
    SELECT o.loan_id AS loan_id, o.customer_id AS customer_id, o.product AS product, o.channel AS channel, o.province AS province, o.purpose AS purpose,
      o.term_months AS term_months, o.annual_rate AS annual_rate, o.principal AS principal, o.disbursed_at AS disbursed_at,
      argMaxIf((s.model, s.band), s.scored_at, s.scored_at < o.disbursed_at) AS score
    FROM (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p47:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p48:DateTime64(3, 'UTC')}) AS o
    LEFT JOIN (SELECT model, entity_id, scored_at, assumeNotNull(band) AS band FROM (SELECT v.`model` AS `model`, v.`entity` AS `entity`, v.`entity_id` AS `entity_id`, v.`scored_at` AS `scored_at`, v.`points` AS `points`, v.`probability` AS `probability`, v.`band` AS `band`, v.`scored_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `scores` AS v WHERE v.ingested_at <= {p49:DateTime64(3, 'UTC')} AND v.`scored_at` <= {p50:DateTime64(3, 'UTC')}
    ORDER BY `model`, `entity`, `entity_id`, `scored_at`, ingested_at DESC, seq DESC LIMIT 1 BY `model`, `entity`, `entity_id`, `scored_at`
  ) AS v WHERE v.deleted = 0) WHERE entity = 'customer' AND band IS NOT NULL) AS s ON o.customer_id = s.entity_id
    GROUP BY loan_id, customer_id, product, channel, province, purpose, term_months, annual_rate, principal, disbursed_at
  ) AS l ON e.loan_id = l.loan_id)
      WHERE date >= {p51:Date} AND date <= {p52:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3, __d4, __d5, __d6, __d7, __d8, __d9
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"Asia/Shanghai","p3":"2026-01-30 16:00:00.000","p4":"2026-01-30 16:00:00.000","p5":"Asia/Shanghai","p6":"2026-01-01","p7":"2026-01-31","p8":"Asia/Shanghai","p9":"2026-01-30 16:00:00.000","p10":"2026-01-30 16:00:00.000","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"Asia/Shanghai","p14":"2026-01-30 16:00:00.000","p15":"2026-01-30 16:00:00.000","p16":"Asia/Shanghai","p17":"Asia/Shanghai","p18":"2026-01-30 16:00:00.000","p19":"2026-01-30 16:00:00.000","p20":"Asia/Shanghai","p21":"2026-01-01","p22":"2026-01-31","p23":"Asia/Shanghai","p24":"2026-01-30 16:00:00.000","p25":"2026-01-30 16:00:00.000","p26":"Asia/Shanghai","p27":"Asia/Shanghai","p28":"2026-01-30 16:00:00.000","p29":"2026-01-30 16:00:00.000","p30":"Asia/Shanghai","p31":"2026-01-01","p32":"2026-01-31","p33":"Asia/Shanghai","p34":"2026-01-30 16:00:00.000","p35":"2026-01-30 16:00:00.000","p36":"Asia/Shanghai","p37":"Asia/Shanghai","p38":"2026-01-30 16:00:00.000","p39":"2026-01-30 16:00:00.000","p40":"Asia/Shanghai","p41":"2026-01-30 16:00:00.000","p42":"2026-01-30 16:00:00.000","p43":"Asia/Shanghai","p44":"Asia/Shanghai","p45":"2026-01-30 16:00:00.000","p46":"2026-01-30 16:00:00.000","p47":"2026-01-30 16:00:00.000","p48":"2026-01-30 16:00:00.000","p49":"2026-01-30 16:00:00.000","p50":"2026-01-30 16:00:00.000","p51":"2026-01-01","p52":"2026-01-31"}
