SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(countIf(decision = 'APPROVED')) AS m0, toString(count()) AS m1
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2
      FROM (
  SELECT toDate(assumeNotNull(decided_at), {p1:String}) AS date, decision, product, channel, province
  FROM (SELECT v.`application_id` AS `application_id`, v.`customer_id` AS `customer_id`, v.`kind` AS `kind`, v.`product` AS `product`, v.`channel` AS `channel`, v.`applied_at` AS `applied_at`, v.`amount` AS `amount`, v.`term_months` AS `term_months`, v.`purpose` AS `purpose`, v.`line_id` AS `line_id`, v.`device_id` AS `device_id`, v.`ip` AS `ip`, v.`latitude` AS `latitude`, v.`longitude` AS `longitude`, v.`datum` AS `datum`, v.`province` AS `province`, v.`city` AS `city`, if(v.`decided_at` > {p2:DateTime64(3, 'UTC')}, NULL, v.`decision`) AS `decision`, if(v.`decided_at` > {p3:DateTime64(3, 'UTC')}, NULL, v.`decision_path`) AS `decision_path`, if(v.`decided_at` > {p4:DateTime64(3, 'UTC')}, NULL, v.`decided_at`) AS `decided_at`, if(v.`decided_at` > {p5:DateTime64(3, 'UTC')}, NULL, v.`approved_amount`) AS `approved_amount`, if(v.`decided_at` > {p6:DateTime64(3, 'UTC')}, NULL, v.`decline_reason`) AS `decline_reason`, v.`wgs84_latitude` AS `wgs84_latitude`, v.`wgs84_longitude` AS `wgs84_longitude`, v.`h3` AS `h3`, v.`geohash` AS `geohash`, v.`position_status` AS `position_status`, v.`applied_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `applications` AS v WHERE v.ingested_at <= {p7:DateTime64(3, 'UTC')}
    ORDER BY `application_id`, ingested_at DESC, seq DESC LIMIT 1 BY `application_id`
  ) AS v WHERE v.deleted = 0 AND v.`applied_at` <= {p8:DateTime64(3, 'UTC')})
  WHERE kind != 'DRAWDOWN' AND decided_at IS NOT NULL AND ifNull(decision IN ('APPROVED', 'DECLINED'), false))
      WHERE date >= {p9:Date} AND date <= {p10:Date})
    GROUP BY __period, __d0, __d1, __d2
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"2026-01-30 16:00:00.000","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"2026-01-30 16:00:00.000","p8":"2026-01-30 16:00:00.000","p9":"2026-01-01","p10":"2026-01-31"}
