SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(count()) AS m0, toString(countIf(responded)) AS m1, toString(countIf(converted)) AS m2, toString(max(matures_on)) AS x0
    FROM (
      SELECT *, date AS __period, CAST(campaign, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1
      FROM (
  SELECT toDate(sent_at, {p1:String}) AS date, campaign, channel, customer_id, converted_at IS NOT NULL AS converted,
    ifNull(responded_at <= sent_at + INTERVAL 14 DAY, false) AS responded, addDays(toDate(sent_at, {p2:String}), 14) AS matures_on
  FROM (SELECT v.`contact_id` AS `contact_id`, v.`campaign` AS `campaign`, v.`customer_id` AS `customer_id`, v.`channel` AS `channel`, v.`sent_at` AS `sent_at`, if(v.`responded_at` > {p3:DateTime64(3, 'UTC')}, NULL, v.`responded_at`) AS `responded_at`, if(v.`converted_at` > {p4:DateTime64(3, 'UTC')}, NULL, v.`converted_at`) AS `converted_at`, v.`sent_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `campaign_contacts` AS v WHERE v.ingested_at <= {p5:DateTime64(3, 'UTC')}
    ORDER BY `contact_id`, ingested_at DESC, seq DESC LIMIT 1 BY `contact_id`
  ) AS v WHERE v.deleted = 0 AND v.`sent_at` <= {p6:DateTime64(3, 'UTC')}))
      WHERE date >= {p7:Date} AND date <= {p8:Date})
    GROUP BY __period, __d0, __d1
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"Asia/Shanghai","p3":"2026-01-30 16:00:00.000","p4":"2026-01-30 16:00:00.000","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"2026-01-01","p8":"2026-01-31"}
