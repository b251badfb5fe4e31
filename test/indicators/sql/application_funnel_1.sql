SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(uniqExactIf(person, __reached >= 6)) AS m0, toString(uniqExactIf(person, __reached >= 1)) AS m1, toString(max(__matures_on)) AS x0
    FROM (
      SELECT *, date AS __period, CAST(channel, 'Nullable(String)') AS __d0, CAST(province, 'Nullable(String)') AS __d1, CAST(segment, 'Nullable(String)') AS __d2, CAST(customer_kind, 'Nullable(String)') AS __d3
      FROM (
  SELECT *, 1 + toUInt64(ifNull(__taken1 <= at + toIntervalHour({p1:Int64}), false)) + toUInt64(ifNull(__taken2 <= at + toIntervalHour({p2:Int64}), false)) + toUInt64(ifNull(__taken3 <= at + toIntervalHour({p3:Int64}), false)) + toUInt64(ifNull(__taken4 <= at + toIntervalHour({p4:Int64}), false)) + toUInt64(ifNull(__taken5 <= at + toIntervalHour({p5:Int64}), false)) AS __reached, toDate(at + toIntervalHour({p6:Int64}), {p7:String}) AS __matures_on
  FROM (
    SELECT *, arrayFirstOrNull(time -> ifNull(time >= at, false), __times1) AS __taken1, arrayFirstOrNull(time -> ifNull(time >= __taken1, false), __times2) AS __taken2, arrayFirstOrNull(time -> ifNull(time >= __taken2, false), __times3) AS __taken3, arrayFirstOrNull(time -> ifNull(time >= __taken3, false), __times4) AS __taken4, arrayFirstOrNull(time -> ifNull(time >= __taken4, false), __times5) AS __taken5
    FROM (SELECT *, arraySort(groupArrayIf(at, step = {p8:String}) OVER (PARTITION BY person)) AS __times1, arraySort(groupArrayIf(at, step = {p9:String}) OVER (PARTITION BY person)) AS __times2, arraySort(groupArrayIf(at, step = {p10:String}) OVER (PARTITION BY person)) AS __times3, arraySort(groupArrayIf(at, step = {p11:String}) OVER (PARTITION BY person)) AS __times4, arraySort(groupArrayIf(at, step = {p12:String}) OVER (PARTITION BY person)) AS __times5 FROM (
  SELECT toDate(s.at, {p13:String}) AS date, s.at AS at, s.step AS step, assumeNotNull(s.person) AS person, s.channel AS channel, c.province AS province, c.segment AS segment,
    if(ifNull(c.registered_at < s.at, false), 'REGISTERED', 'NEW') AS customer_kind
  FROM (
    SELECT e.event_time AS at, e.event_type AS step, e.channel AS channel, ifNull(e.customer_id, if(e.event_time <= r.first_at, r.registered, NULL)) AS customer,
      multiIf(customer IS NOT NULL, concat('customer ', customer), r.first_at IS NULL, concat('device ', e.device_id), NULL) AS person
    FROM (
      SELECT event_time, event_type, channel, customer_id, device_id
      FROM (SELECT v.`customer_id` AS `customer_id`, v.`device_id` AS `device_id`, v.`event_type` AS `event_type`, v.`event_time` AS `event_time`, v.`channel` AS `channel`, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `events` AS v WHERE v.ingested_at <= {p14:DateTime64(3, 'UTC')}
    ORDER BY `event_id`, ingested_at DESC, seq DESC LIMIT 1 BY `event_id`
  ) AS v WHERE v.deleted = 0 AND v.`event_time` <= {p15:DateTime64(3, 'UTC')}) WHERE event_type IN ('OPEN', 'REGISTER', 'FILL', 'SUBMIT')
    ) AS e
    LEFT JOIN (
      SELECT device_id, toNullable(min(event_time)) AS first_at, toNullable(argMin(customer_id, (event_time, customer_id))) AS registered
      FROM (SELECT v.`customer_id` AS `customer_id`, v.`device_id` AS `device_id`, v.`event_type` AS `event_type`, v.`event_time` AS `event_time`, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `events` AS v WHERE v.ingested_at <= {p16:DateTime64(3, 'UTC')}
    ORDER BY `event_id`, ingested_at DESC, seq DESC LIMIT 1 BY `event_id`
  ) AS v WHERE v.deleted = 0 AND v.`event_time` <= {p17:DateTime64(3, 'UTC')})
      WHERE event_type = 'REGISTER' AND customer_id IS NOT NULL AND device_id IS NOT NULL GROUP BY device_id
    ) AS r ON e.device_id = r.device_id
    UNION ALL
    SELECT assumeNotNull(decided_at) AS at, 'APPROVE' AS step, channel, toNullable(customer_id) AS customer, concat('customer ', customer_id) AS person
    FROM (SELECT v.`customer_id` AS `customer_id`, v.`kind` AS `kind`, v.`channel` AS `channel`, if(v.`decided_at` > {p18:DateTime64(3, 'UTC')}, NULL, v.`decision`) AS `decision`, if(v.`decided_at` > {p19:DateTime64(3, 'UTC')}, NULL, v.`decided_at`) AS `decided_at`, v.`applied_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `applications` AS v WHERE v.ingested_at <= {p20:DateTime64(3, 'UTC')}
    ORDER BY `application_id`, ingested_at DESC, seq DESC LIMIT 1 BY `application_id`
  ) AS v WHERE v.deleted = 0 AND v.`applied_at` <= {p21:DateTime64(3, 'UTC')})
    WHERE kind != 'DRAWDOWN' AND decided_at IS NOT NULL AND ifNull(decision = 'APPROVED', false)
    UNION ALL
    SELECT disbursed_at AS at, 'DRAWDOWN' AS step, channel, toNullable(customer_id) AS customer, concat('customer ', customer_id) AS person
    FROM (SELECT v.`customer_id` AS `customer_id`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p22:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p23:DateTime64(3, 'UTC')})
  ) AS s
  LEFT JOIN (
    SELECT customer_id, province, segment, toNullable(registered_at) AS registered_at
    FROM (SELECT v.`customer_id` AS `customer_id`, v.`registered_at` AS `registered_at`, v.`province` AS `province`, v.`segment` AS `segment`, v.`registered_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `customers` AS v WHERE v.ingested_at <= {p24:DateTime64(3, 'UTC')}
    ORDER BY `customer_id`, ingested_at DESC, seq DESC LIMIT 1 BY `customer_id`
  ) AS v WHERE v.deleted = 0 AND v.`registered_at` <= {p25:DateTime64(3, 'UTC')})
  ) AS c ON s.customer = c.customer_id
  WHERE s.person IS NOT NULL))
    WHERE step = {p26:String}
  ))
      WHERE date >= {p27:Date} AND date <= {p28:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3
    LIMIT 250001

-- {"p1":720,"p2":720,"p3":720,"p4":720,"p5":720,"p6":720,"p7":"Asia/Shanghai","p8":"REGISTER","p9":"FILL","p10":"SUBMIT","p11":"APPROVE","p12":"DRAWDOWN","p13":"Asia/Shanghai","p14":"2026-01-30 16:00:00.000","p15":"2026-01-30 16:00:00.000","p16":"2026-01-30 16:00:00.000","p17":"2026-01-30 16:00:00.000","p18":"2026-01-30 16:00:00.000","p19":"2026-01-30 16:00:00.000","p20":"2026-01-30 16:00:00.000","p21":"2026-01-30 16:00:00.000","p22":"2026-01-30 16:00:00.000","p23":"2026-01-30 16:00:00.000","p24":"2026-01-30 16:00:00.000","p25":"2026-01-30 16:00:00.000","p26":"OPEN","p27":"2026-01-01","p28":"2026-01-31"}
