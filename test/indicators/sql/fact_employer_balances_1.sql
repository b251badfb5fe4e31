SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(sum(balance)) AS m0, toString(arraySum(arraySlice(arrayReverseSort(mapValues(sumMap(map(employer, toDecimal256(balance, 2))))), 1, 10))) AS m1, toString(arraySum(own -> own * own, mapValues(sumMap(map(employer, toDecimal256(balance, 2)))))) AS m2, toString(toDecimal256(sum(balance), 2) * toDecimal256(sum(balance), 2)) AS m3
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, max(date) OVER (PARTITION BY __period) AS __newest
      FROM (
  SELECT s.as_of AS date, s.product AS product, s.channel AS channel, s.principal_outstanding AS balance,
    arrayLast(seen -> seen.1 <= s.as_of, e.employers).2 AS employer
  FROM (SELECT v.`as_of` AS `as_of`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`status` AS `status`, v.`principal_outstanding` AS `principal_outstanding`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String}) AND v.`as_of` IN (SELECT max(date) FROM (
    SELECT v.`as_of` AS date FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p5:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p6:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p7:String}) AND v.`as_of` >= {p8:Date} AND v.`as_of` <= {p9:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 0
    UNION ALL SELECT v.`as_of` AS date FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`line_id` AS `line_id`, v.`status` AS `status`, v.`restructured` AS `restructured`, v.`dpd` AS `dpd`, v.`principal_outstanding` AS `principal_outstanding`, v.`overdue_principal` AS `overdue_principal`, v.`interest_overdue` AS `interest_overdue`, v.`fee_overdue` AS `fee_overdue`, v.`penalty_accrued` AS `penalty_accrued`, v.`risk_class` AS `risk_class`, v.`disbursed_on` AS `disbursed_on`, v.`principal` AS `principal`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p10:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p11:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p12:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p13:String}) AND v.`as_of` >= {p14:Date} AND v.`as_of` <= {p15:Date} AND v.`as_of` IN (SELECT v.`as_of` FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p16:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p17:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p18:String}) AND v.`as_of` >= {p19:Date} AND v.`as_of` <= {p20:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 1)
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0) AS v) GROUP BY date)
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0) AS s
  INNER JOIN (
    SELECT customer_id, arraySort(seen -> seen.3, groupArray((toDate(seen_at, {p21:String}), identifier, seen_at))) AS employers
    FROM (SELECT v.`customer_id` AS `customer_id`, v.`identifier_type` AS `identifier_type`, v.`identifier` AS `identifier`, v.`seen_at` AS `seen_at`, v.`seen_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `identifier_links` AS v WHERE v.ingested_at <= {p22:DateTime64(3, 'UTC')} AND v.`seen_at` <= {p23:DateTime64(3, 'UTC')}
    ORDER BY `customer_id`, `identifier_type`, `identifier`, `seen_at`, ingested_at DESC, seq DESC LIMIT 1 BY `customer_id`, `identifier_type`, `identifier`, `seen_at`
  ) AS v WHERE v.deleted = 0) WHERE identifier_type = 'EMPLOYER' GROUP BY customer_id
  ) AS e ON s.customer_id = e.customer_id
  WHERE s.status IN ('CURRENT', 'OVERDUE') AND employer != '')
      WHERE date >= {p24:Date} AND date <= {p25:Date}) WHERE date = __newest
    GROUP BY __period, __d0, __d1
    LIMIT 250001 SETTINGS optimize_use_projections = 1

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"Asia/Shanghai","p8":"2026-01-01","p9":"2026-01-31","p10":"Asia/Shanghai","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"Asia/Shanghai","p14":"2026-01-01","p15":"2026-01-31","p16":"2026-01-30 16:00:00.000","p17":"2026-01-30 16:00:00.000","p18":"Asia/Shanghai","p19":"2026-01-01","p20":"2026-01-31","p21":"Asia/Shanghai","p22":"2026-01-30 16:00:00.000","p23":"2026-01-30 16:00:00.000","p24":"2026-01-01","p25":"2026-01-31"}
