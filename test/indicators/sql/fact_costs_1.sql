SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(sum(amount)) AS m0, toString(sumIf(amount, kind = 'FUNDING')) AS m1, toString(sumIf(amount, kind = 'ACQUISITION')) AS m2, toString(sumIf(amount, kind = 'DATA')) AS m3, toString(sumIf(amount, kind = 'COLLECTION')) AS m4
    FROM (
      SELECT *, toStartOfMonth(date) AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(kind, 'Nullable(String)') AS __d2
      FROM (SELECT month AS date, product, channel, kind, amount FROM (SELECT v.`month` AS `month`, v.`product` AS `product`, v.`channel` AS `channel`, v.`kind` AS `kind`, v.`amount` AS `amount`, toTimeZone(toDateTime64(toLastDayOfMonth(v.`month`) + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `costs` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND toLastDayOfMonth(v.`month`) < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String})
    ORDER BY `month`, `product`, `channel`, `kind`, ingested_at DESC, seq DESC LIMIT 1 BY `month`, `product`, `channel`, `kind`
  ) AS v WHERE v.deleted = 0))
      WHERE date >= {p5:Date} AND date <= {p6:Date})
    GROUP BY __period, __d0, __d1, __d2
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-01","p6":"2026-01-31"}
