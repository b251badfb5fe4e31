SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(__d4) AS g4, toString(countIf(evaluated = 1)) AS m0, toString(countIf(evaluated = 1 AND hit = 1)) AS m1
    FROM (
      SELECT *, date AS __period, CAST(rule, 'Nullable(String)') AS __d0, CAST(action, 'Nullable(String)') AS __d1, CAST(scene, 'Nullable(String)') AS __d2, CAST(strategy, 'Nullable(String)') AS __d3, CAST(version, 'Nullable(String)') AS __d4
      FROM (
  SELECT toDate(h.decided_at, {p1:String}) AS date, h.rule AS rule, h.action AS action, h.evaluated AS evaluated, h.hit AS hit,
    d.scene AS scene, d.strategy AS strategy, toString(d.version) AS version
  FROM (SELECT v.`decision_id` AS `decision_id`, v.`rule` AS `rule`, v.`decided_at` AS `decided_at`, v.`evaluated` AS `evaluated`, v.`hit` AS `hit`, v.`action` AS `action`, v.`decided_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `rule_hits` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')}
    ORDER BY `decision_id`, `rule`, ingested_at DESC, seq DESC LIMIT 1 BY `decision_id`, `rule`
  ) AS v WHERE v.deleted = 0 AND v.`decided_at` <= {p3:DateTime64(3, 'UTC')}) AS h LEFT JOIN (SELECT v.`decision_id` AS `decision_id`, v.`application_id` AS `application_id`, v.`customer_id` AS `customer_id`, v.`scene` AS `scene`, v.`strategy` AS `strategy`, v.`version` AS `version`, v.`decided_at` AS `decided_at`, v.`outcome` AS `outcome`, v.`decided_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `decisions` AS v WHERE v.ingested_at <= {p4:DateTime64(3, 'UTC')}
    ORDER BY `decision_id`, ingested_at DESC, seq DESC LIMIT 1 BY `decision_id`
  ) AS v WHERE v.deleted = 0 AND v.`decided_at` <= {p5:DateTime64(3, 'UTC')}) AS d ON h.decision_id = d.decision_id)
      WHERE date >= {p6:Date} AND date <= {p7:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3, __d4
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"2026-01-30 16:00:00.000","p5":"2026-01-30 16:00:00.000","p6":"2026-01-01","p7":"2026-01-31"}
