SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(sum(amount)) AS m0
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(kind, 'Nullable(String)') AS __d1, max(date) OVER (PARTITION BY __period) AS __newest
      FROM (SELECT as_of AS date, product, kind, amount FROM (SELECT v.`as_of` AS `as_of`, v.`product` AS `product`, v.`kind` AS `kind`, v.`amount` AS `amount`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `provisions` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String}) AND v.`as_of` IN (SELECT max(date) FROM (
    SELECT v.`as_of` AS date FROM `provisions` AS v WHERE v.ingested_at <= {p5:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p6:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p7:String}) AND v.`as_of` >= {p8:Date} AND v.`as_of` <= {p9:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 0
    UNION ALL SELECT v.`as_of` AS date FROM (SELECT v.`as_of` AS `as_of`, v.`product` AS `product`, v.`kind` AS `kind`, v.`amount` AS `amount`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p10:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `provisions` AS v WHERE v.ingested_at <= {p11:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p12:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p13:String}) AND v.`as_of` >= {p14:Date} AND v.`as_of` <= {p15:Date} AND v.`as_of` IN (SELECT v.`as_of` FROM `provisions` AS v WHERE v.ingested_at <= {p16:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p17:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p18:String}) AND v.`as_of` >= {p19:Date} AND v.`as_of` <= {p20:Date} GROUP BY v.`as_of` HAVING max(v.deleted) = 1)
    ORDER BY `as_of`, `product`, `kind`, ingested_at DESC, seq DESC LIMIT 1 BY `as_of`, `product`, `kind`
  ) AS v WHERE v.deleted = 0) AS v) GROUP BY date)
    ORDER BY `as_of`, `product`, `kind`, ingested_at DESC, seq DESC LIMIT 1 BY `as_of`, `product`, `kind`
  ) AS v WHERE v.deleted = 0))
      WHERE date >= {p21:Date} AND date <= {p22:Date}) WHERE date = __newest
    GROUP BY __period, __d0, __d1
    LIMIT 250001 SETTINGS optimize_use_projections = 1

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"Asia/Shanghai","p8":"2026-01-01","p9":"2026-01-31","p10":"Asia/Shanghai","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"Asia/Shanghai","p14":"2026-01-01","p15":"2026-01-31","p16":"2026-01-30 16:00:00.000","p17":"2026-01-30 16:00:00.000","p18":"Asia/Shanghai","p19":"2026-01-01","p20":"2026-01-31","p21":"2026-01-01","p22":"2026-01-31"}
