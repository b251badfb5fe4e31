SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(count()) AS m0, toString(countIf(dpd >= 30)) AS m1, toString(countIf(dpd >= 60)) AS m2, toString(countIf(dpd >= 90)) AS m3, toString(sumIf(credit_limit, credit_limit > 0)) AS m4, toString(sumIf(greatest(statement_balance, 0), credit_limit > 0)) AS m5, toString(sum(statement_balance)) AS m6, toString(sum(amount_paid)) AS m7
    FROM (
      SELECT *, toStartOfMonth(date) AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(province, 'Nullable(String)') AS __d1, CAST(segment, 'Nullable(String)') AS __d2, CAST(channel, 'Nullable(String)') AS __d3, max(date) OVER (PARTITION BY __period) AS __newest
      FROM (
  SELECT toLastDayOfMonth(s.month) AS date, s.customer_id AS customer_id, s.product AS product, s.credit_limit AS credit_limit,
    s.statement_balance AS statement_balance, 30 * greatest(toInt32(s.delinquency), 0) AS dpd, s.amount_paid AS amount_paid,
    c.province AS province, c.segment AS segment, c.channel AS channel
  FROM (SELECT v.`customer_id` AS `customer_id`, v.`product` AS `product`, v.`month` AS `month`, v.`credit_limit` AS `credit_limit`, v.`statement_balance` AS `statement_balance`, v.`minimum_due` AS `minimum_due`, v.`due_date` AS `due_date`, v.`amount_paid` AS `amount_paid`, v.`delinquency` AS `delinquency`, toTimeZone(toDateTime64(toLastDayOfMonth(v.`month`) + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `statements` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND toLastDayOfMonth(v.`month`) < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String})
    ORDER BY `customer_id`, `product`, `month`, ingested_at DESC, seq DESC LIMIT 1 BY `customer_id`, `product`, `month`
  ) AS v WHERE v.deleted = 0) AS s LEFT JOIN (SELECT v.`customer_id` AS `customer_id`, v.`registered_at` AS `registered_at`, v.`birth_date` AS `birth_date`, v.`gender` AS `gender`, v.`education` AS `education`, v.`marital_status` AS `marital_status`, v.`province` AS `province`, v.`city` AS `city`, v.`occupation` AS `occupation`, v.`monthly_income` AS `monthly_income`, v.`phone_hash` AS `phone_hash`, v.`id_region` AS `id_region`, v.`phone_region` AS `phone_region`, v.`channel` AS `channel`, v.`segment` AS `segment`, v.`registered_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `customers` AS v WHERE v.ingested_at <= {p5:DateTime64(3, 'UTC')}
    ORDER BY `customer_id`, ingested_at DESC, seq DESC LIMIT 1 BY `customer_id`
  ) AS v WHERE v.deleted = 0 AND v.`registered_at` <= {p6:DateTime64(3, 'UTC')}) AS c ON s.customer_id = c.customer_id)
      WHERE date >= {p7:Date} AND date <= {p8:Date}) WHERE date = __newest
    GROUP BY __period, __d0, __d1, __d2, __d3
    LIMIT 250001 SETTINGS optimize_use_projections = 1

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"2026-01-30 16:00:00.000","p6":"2026-01-30 16:00:00.000","p7":"2026-01-01","p8":"2026-01-31"}
