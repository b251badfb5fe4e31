SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(countIf(is_active)) AS m0, toString(sumIf(limit_amount, is_active)) AS m1, toString(sumIf(used, is_active)) AS m2
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(multiIf(limit_amount IS NULL, NULL, limit_amount <= 1000, '01: <= 1000', limit_amount <= 3000, '02: <= 3000', limit_amount <= 5000, '03: <= 5000', limit_amount <= 10000, '04: <= 10000', limit_amount <= 20000, '05: <= 20000', limit_amount <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d1, max(date) OVER (PARTITION BY __period) AS __newest
      FROM (
  SELECT c.date AS date, c.line AS line_id, c.state.1 AS product, c.state.2 AS limit_amount, c.state.3 = 'ACTIVE' AND c.state.2 > 0 AS is_active,
    toDecimal128(ifNull(u.used, 0), 2) AS used
  FROM (
    SELECT d.date AS date, v.line_id AS line, argMax((v.product, v.limit_amount, v.status), v.effective_at) AS state
    FROM (SELECT DISTINCT as_of AS date FROM (SELECT v.`as_of` AS `as_of`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String}) AND v.`as_of` IN (SELECT max(date) FROM (
    SELECT v.`as_of` AS date FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p5:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p6:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p7:String}) AND v.`as_of` >= {p8:Date} AND v.`as_of` <= {p9:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 0
    UNION ALL SELECT v.`as_of` AS date FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`line_id` AS `line_id`, v.`status` AS `status`, v.`restructured` AS `restructured`, v.`dpd` AS `dpd`, v.`principal_outstanding` AS `principal_outstanding`, v.`overdue_principal` AS `overdue_principal`, v.`interest_overdue` AS `interest_overdue`, v.`fee_overdue` AS `fee_overdue`, v.`penalty_accrued` AS `penalty_accrued`, v.`risk_class` AS `risk_class`, v.`disbursed_on` AS `disbursed_on`, v.`principal` AS `principal`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p10:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p11:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p12:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p13:String}) AND v.`as_of` >= {p14:Date} AND v.`as_of` <= {p15:Date} AND v.`as_of` IN (SELECT v.`as_of` FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p16:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p17:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p18:String}) AND v.`as_of` >= {p19:Date} AND v.`as_of` <= {p20:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 1)
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0) AS v) GROUP BY date)
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)) AS d
    CROSS JOIN (SELECT *, toDate(effective_at, {p21:String}) AS since FROM (SELECT v.`line_id` AS `line_id`, v.`effective_at` AS `effective_at`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`application_id` AS `application_id`, v.`limit_amount` AS `limit_amount`, v.`annual_rate` AS `annual_rate`, v.`status` AS `status`, v.`reason` AS `reason`, v.`effective_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `credit_lines` AS v WHERE v.ingested_at <= {p22:DateTime64(3, 'UTC')} AND v.`effective_at` <= {p23:DateTime64(3, 'UTC')}
    ORDER BY `line_id`, `effective_at`, ingested_at DESC, seq DESC LIMIT 1 BY `line_id`, `effective_at`
  ) AS v WHERE v.deleted = 0)) AS v
    WHERE v.since <= d.date GROUP BY date, line
  ) AS c
  LEFT JOIN (
    SELECT as_of, assumeNotNull(line_id) AS line, sum(principal_outstanding) AS used
    FROM (SELECT v.`as_of` AS `as_of`, v.`line_id` AS `line_id`, v.`status` AS `status`, v.`principal_outstanding` AS `principal_outstanding`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p24:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p25:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p26:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p27:String}) AND v.`as_of` IN (SELECT max(date) FROM (
    SELECT v.`as_of` AS date FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p28:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p29:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p30:String}) AND v.`as_of` >= {p31:Date} AND v.`as_of` <= {p32:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 0
    UNION ALL SELECT v.`as_of` AS date FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`line_id` AS `line_id`, v.`status` AS `status`, v.`restructured` AS `restructured`, v.`dpd` AS `dpd`, v.`principal_outstanding` AS `principal_outstanding`, v.`overdue_principal` AS `overdue_principal`, v.`interest_overdue` AS `interest_overdue`, v.`fee_overdue` AS `fee_overdue`, v.`penalty_accrued` AS `penalty_accrued`, v.`risk_class` AS `risk_class`, v.`disbursed_on` AS `disbursed_on`, v.`principal` AS `principal`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p33:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p34:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p35:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p36:String}) AND v.`as_of` >= {p37:Date} AND v.`as_of` <= {p38:Date} AND v.`as_of` IN (SELECT v.`as_of` FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p39:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p40:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p41:String}) AND v.`as_of` >= {p42:Date} AND v.`as_of` <= {p43:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 1)
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0) AS v) GROUP BY date)
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)
    WHERE line_id IS NOT NULL AND status IN ('CURRENT', 'OVERDUE') GROUP BY as_of, line
  ) AS u ON c.date = u.as_of AND c.line = u.line)
      WHERE date >= {p44:Date} AND date <= {p45:Date}) WHERE date = __newest
    GROUP BY __period, __d0, __d1
    LIMIT 250001 SETTINGS optimize_use_projections = 1

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"Asia/Shanghai","p8":"2026-01-01","p9":"2026-01-31","p10":"Asia/Shanghai","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"Asia/Shanghai","p14":"2026-01-01","p15":"2026-01-31","p16":"2026-01-30 16:00:00.000","p17":"2026-01-30 16:00:00.000","p18":"Asia/Shanghai","p19":"2026-01-01","p20":"2026-01-31","p21":"Asia/Shanghai","p22":"2026-01-30 16:00:00.000","p23":"2026-01-30 16:00:00.000","p24":"Asia/Shanghai","p25":"2026-01-30 16:00:00.000","p26":"2026-01-30 16:00:00.000","p27":"Asia/Shanghai","p28":"2026-01-30 16:00:00.000","p29":"2026-01-30 16:00:00.000","p30":"Asia/Shanghai","p31":"2026-01-01","p32":"2026-01-31","p33":"Asia/Shanghai","p34":"2026-01-30 16:00:00.000","p35":"2026-01-30 16:00:00.000","p36":"Asia/Shanghai","p37":"2026-01-01","p38":"2026-01-31","p39":"2026-01-30 16:00:00.000","p40":"2026-01-30 16:00:00.000","p41":"Asia/Shanghai","p42":"2026-01-01","p43":"2026-01-31","p44":"2026-01-01","p45":"2026-01-31"}
