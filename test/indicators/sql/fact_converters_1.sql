SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(count()) AS m0, toString(countIf(value = 1)) AS m1
    FROM (
      SELECT *, date AS __period, CAST(campaign, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(label, 'Nullable(String)') AS __d2
      FROM (
  SELECT toDate(any(c.sent_at), {p1:String}) AS date, c.contact_id AS contact_id, any(c.campaign) AS campaign, any(c.channel) AS channel, l.name AS label,
    argMin(l.value, l.observed_at) AS value
  FROM (SELECT * FROM (SELECT v.`contact_id` AS `contact_id`, v.`campaign` AS `campaign`, v.`customer_id` AS `customer_id`, v.`channel` AS `channel`, v.`sent_at` AS `sent_at`, if(v.`responded_at` > {p2:DateTime64(3, 'UTC')}, NULL, v.`responded_at`) AS `responded_at`, if(v.`converted_at` > {p3:DateTime64(3, 'UTC')}, NULL, v.`converted_at`) AS `converted_at`, v.`sent_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `campaign_contacts` AS v WHERE v.ingested_at <= {p4:DateTime64(3, 'UTC')}
    ORDER BY `contact_id`, ingested_at DESC, seq DESC LIMIT 1 BY `contact_id`
  ) AS v WHERE v.deleted = 0 AND v.`sent_at` <= {p5:DateTime64(3, 'UTC')}) WHERE converted_at IS NOT NULL) AS c
  INNER JOIN (SELECT * FROM (SELECT v.`entity` AS `entity`, v.`entity_id` AS `entity_id`, v.`name` AS `name`, v.`observed_at` AS `observed_at`, v.`window_from` AS `window_from`, v.`window_to` AS `window_to`, v.`known_at` AS `known_at`, v.`value` AS `value`, v.`outcome` AS `outcome`, v.`reason` AS `reason`, v.`observed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `labels` AS v WHERE v.ingested_at <= {p6:DateTime64(3, 'UTC')} AND v.`observed_at` <= {p7:DateTime64(3, 'UTC')}
    ORDER BY `entity`, `entity_id`, `name`, `observed_at`, ingested_at DESC, seq DESC LIMIT 1 BY `entity`, `entity_id`, `name`, `observed_at`
  ) AS v WHERE v.deleted = 0) WHERE entity = 'customer' AND outcome IS NULL) AS l ON c.customer_id = l.entity_id
  WHERE l.observed_at >= assumeNotNull(c.converted_at)
  GROUP BY c.contact_id, l.name)
      WHERE date >= {p8:Date} AND date <= {p9:Date})
    GROUP BY __period, __d0, __d1, __d2
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"2026-01-30 16:00:00.000","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"2026-01-30 16:00:00.000","p8":"2026-01-01","p9":"2026-01-31"}
