SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(count()) AS m0, toString(countIf(status IN ('OK', 'NO_HIT'))) AS m1, toString(countIf(status = 'OK')) AS m2, toString(sum(cost)) AS m3, toString(quantileExactIfOrNull(0.5)(assumeNotNull(latency_ms), isNotNull(latency_ms))) AS m4, toString(quantileExactIfOrNull(0.99)(assumeNotNull(latency_ms), isNotNull(latency_ms))) AS m5
    FROM (
      SELECT *, date AS __period, CAST(provider, 'Nullable(String)') AS __d0, CAST(product, 'Nullable(String)') AS __d1, CAST(status, 'Nullable(String)') AS __d2
      FROM (
  SELECT toDate(requested_at, {p1:String}) AS date, provider, product, status, latency_ms, ifNull(cost, 0) AS cost FROM (SELECT v.`report_id` AS `report_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`provider` AS `provider`, v.`product` AS `product`, v.`requested_at` AS `requested_at`, v.`status` AS `status`, v.`latency_ms` AS `latency_ms`, v.`cost` AS `cost`, v.`values` AS `values`, v.`requested_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `external_reports` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')}
    ORDER BY `report_id`, ingested_at DESC, seq DESC LIMIT 1 BY `report_id`
  ) AS v WHERE v.deleted = 0 AND v.`requested_at` <= {p3:DateTime64(3, 'UTC')}))
      WHERE date >= {p4:Date} AND date <= {p5:Date})
    GROUP BY __period, __d0, __d1, __d2
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"2026-01-01","p5":"2026-01-31"}
