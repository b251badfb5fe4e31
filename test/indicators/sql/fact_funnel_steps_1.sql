SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(count()) AS m0, toString(uniqExact(person)) AS m1
    FROM (
      SELECT *, date AS __period, CAST(channel, 'Nullable(String)') AS __d0, CAST(province, 'Nullable(String)') AS __d1, CAST(segment, 'Nullable(String)') AS __d2, CAST(customer_kind, 'Nullable(String)') AS __d3
      FROM (
  SELECT toDate(s.at, {p1:String}) AS date, s.at AS at, s.step AS step, assumeNotNull(s.person) AS person, s.channel AS channel, c.province AS province, c.segment AS segment,
    if(ifNull(c.registered_at < s.at, false), 'REGISTERED', 'NEW') AS customer_kind
  FROM (
    SELECT e.event_time AS at, e.event_type AS step, e.channel AS channel, ifNull(e.customer_id, if(e.event_time <= r.first_at, r.registered, NULL)) AS customer,
      multiIf(customer IS NOT NULL, concat('customer ', customer), r.first_at IS NULL, concat('device ', e.device_id), NULL) AS person
    FROM (
      SELECT event_time, event_type, channel, customer_id, device_id
      FROM (SELECT v.`customer_id` AS `customer_id`, v.`device_id` AS `device_id`, v.`event_type` AS `event_type`, v.`event_time` AS `event_time`, v.`channel` AS `channel`, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `events` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')}
    ORDER BY `event_id`, ingested_at DESC, seq DESC LIMIT 1 BY `event_id`
  ) AS v WHERE v.deleted = 0 AND v.`event_time` <= {p3:DateTime64(3, 'UTC')}) WHERE event_type IN ('OPEN', 'REGISTER', 'FILL', 'SUBMIT')
    ) AS e
    LEFT JOIN (
      SELECT device_id, toNullable(min(event_time)) AS first_at, toNullable(argMin(customer_id, (event_time, customer_id))) AS registered
      FROM (SELECT v.`customer_id` AS `customer_id`, v.`device_id` AS `device_id`, v.`event_type` AS `event_type`, v.`event_time` AS `event_time`, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `events` AS v WHERE v.ingested_at <= {p4:DateTime64(3, 'UTC')}
    ORDER BY `event_id`, ingested_at DESC, seq DESC LIMIT 1 BY `event_id`
  ) AS v WHERE v.deleted = 0 AND v.`event_time` <= {p5:DateTime64(3, 'UTC')})
      WHERE event_type = 'REGISTER' AND customer_id IS NOT NULL AND device_id IS NOT NULL GROUP BY device_id
    ) AS r ON e.device_id = r.device_id
    UNION ALL
    SELECT assumeNotNull(decided_at) AS at, 'APPROVE' AS step, channel, toNullable(customer_id) AS customer, concat('customer ', customer_id) AS person
    FROM (SELECT v.`customer_id` AS `customer_id`, v.`kind` AS `kind`, v.`channel` AS `channel`, if(v.`decided_at` > {p6:DateTime64(3, 'UTC')}, NULL, v.`decision`) AS `decision`, if(v.`decided_at` > {p7:DateTime64(3, 'UTC')}, NULL, v.`decided_at`) AS `decided_at`, v.`applied_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `applications` AS v WHERE v.ingested_at <= {p8:DateTime64(3, 'UTC')}
    ORDER BY `application_id`, ingested_at DESC, seq DESC LIMIT 1 BY `application_id`
  ) AS v WHERE v.deleted = 0 AND v.`applied_at` <= {p9:DateTime64(3, 'UTC')})
    WHERE kind != 'DRAWDOWN' AND decided_at IS NOT NULL AND ifNull(decision = 'APPROVED', false)
    UNION ALL
    SELECT disbursed_at AS at, 'DRAWDOWN' AS step, channel, toNullable(customer_id) AS customer, concat('customer ', customer_id) AS person
    FROM (SELECT v.`customer_id` AS `customer_id`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p10:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p11:DateTime64(3, 'UTC')})
  ) AS s
  LEFT JOIN (
    SELECT customer_id, province, segment, toNullable(registered_at) AS registered_at
    FROM (SELECT v.`customer_id` AS `customer_id`, v.`registered_at` AS `registered_at`, v.`province` AS `province`, v.`segment` AS `segment`, v.`registered_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `customers` AS v WHERE v.ingested_at <= {p12:DateTime64(3, 'UTC')}
    ORDER BY `customer_id`, ingested_at DESC, seq DESC LIMIT 1 BY `customer_id`
  ) AS v WHERE v.deleted = 0 AND v.`registered_at` <= {p13:DateTime64(3, 'UTC')})
  ) AS c ON s.customer = c.customer_id
  WHERE s.person IS NOT NULL)
      WHERE date >= {p14:Date} AND date <= {p15:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"2026-01-30 16:00:00.000","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"2026-01-30 16:00:00.000","p8":"2026-01-30 16:00:00.000","p9":"2026-01-30 16:00:00.000","p10":"2026-01-30 16:00:00.000","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"2026-01-30 16:00:00.000","p14":"2026-01-01","p15":"2026-01-31"}
