SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(sumIf(balance, dpd >= 30)) AS num, toString(sum(balance)) AS den
    FROM (
      SELECT *, toStartOfMonth(date) AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, max(date) OVER (PARTITION BY __period) AS __newest
      FROM (
  SELECT as_of AS date, product, channel, dpd, if(status IN ('CURRENT', 'OVERDUE'), principal_outstanding, 0) AS balance
  FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`line_id` AS `line_id`, v.`status` AS `status`, v.`restructured` AS `restructured`, v.`dpd` AS `dpd`, v.`principal_outstanding` AS `principal_outstanding`, v.`overdue_principal` AS `overdue_principal`, v.`interest_overdue` AS `interest_overdue`, v.`fee_overdue` AS `fee_overdue`, v.`penalty_accrued` AS `penalty_accrued`, v.`risk_class` AS `risk_class`, v.`disbursed_on` AS `disbursed_on`, v.`principal` AS `principal`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String}) AND v.`as_of` IN (SELECT max(date) FROM (
    SELECT v.`as_of` AS date FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p5:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p6:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p7:String}) AND v.`as_of` >= {p8:Date} AND v.`as_of` <= {p9:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 0
    UNION ALL SELECT v.`as_of` AS date FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`line_id` AS `line_id`, v.`status` AS `status`, v.`restructured` AS `restructured`, v.`dpd` AS `dpd`, v.`principal_outstanding` AS `principal_outstanding`, v.`overdue_principal` AS `overdue_principal`, v.`interest_overdue` AS `interest_overdue`, v.`fee_overdue` AS `fee_overdue`, v.`penalty_accrued` AS `penalty_accrued`, v.`risk_class` AS `risk_class`, v.`disbursed_on` AS `disbursed_on`, v.`principal` AS `principal`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p10:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p11:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p12:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p13:String}) AND v.`as_of` >= {p14:Date} AND v.`as_of` <= {p15:Date} AND v.`as_of` IN (SELECT v.`as_of` FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p16:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p17:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p18:String}) AND v.`as_of` >= {p19:Date} AND v.`as_of` <= {p20:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 1)
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0) AS v) GROUP BY toStartOfMonth(date))
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0))
      WHERE date >= {p21:Date} AND date <= {p22:Date}
    ) WHERE date = __newest
    GROUP BY __period, __d0, __d1
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"1970-01-01 00:00:00.000","p3":"1970-01-01 00:00:00.000","p4":"Asia/Shanghai","p5":"1970-01-01 00:00:00.000","p6":"1970-01-01 00:00:00.000","p7":"Asia/Shanghai","p8":"2026-01-01","p9":"2026-03-31","p10":"Asia/Shanghai","p11":"1970-01-01 00:00:00.000","p12":"1970-01-01 00:00:00.000","p13":"Asia/Shanghai","p14":"2026-01-01","p15":"2026-03-31","p16":"1970-01-01 00:00:00.000","p17":"1970-01-01 00:00:00.000","p18":"Asia/Shanghai","p19":"2026-01-01","p20":"2026-03-31","p21":"2026-01-01","p22":"2026-03-31"}
