SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(__d4) AS g4, toString(__d5) AS g5, toString(__d6) AS g6, toString(__d7) AS g7, toString(countIf(missed_1_1)) AS m0, toString(countIf(missed_1_7)) AS m1, toString(countIf(missed_1_30)) AS m2, toString(countIf(missed_2_1)) AS m3, toString(countIf(missed_2_7)) AS m4, toString(countIf(missed_2_30)) AS m5, toString(countIf(missed_3_1)) AS m6, toString(countIf(missed_3_7)) AS m7, toString(countIf(missed_3_30)) AS m8, toString(countIf(known_1_1)) AS m9, toString(countIf(known_1_7)) AS m10, toString(countIf(known_1_30)) AS m11, toString(countIf(known_2_1)) AS m12, toString(countIf(known_2_7)) AS m13, toString(countIf(known_2_30)) AS m14, toString(countIf(known_3_1)) AS m15, toString(countIf(known_3_7)) AS m16, toString(countIf(known_3_30)) AS m17, toString(max(matures_1_1)) AS x0, toString(max(matures_1_7)) AS x1, toString(max(matures_1_30)) AS x2, toString(max(matures_2_1)) AS x3, toString(max(matures_2_7)) AS x4, toString(max(matures_2_30)) AS x5, toString(max(matures_3_1)) AS x6, toString(max(matures_3_7)) AS x7, toString(max(matures_3_30)) AS x8
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2, CAST(purpose, 'Nullable(String)') AS __d3, CAST(multiIf(term_months IS NULL, NULL, term_months <= 3, '01: <= 3 months', term_months <= 6, '02: <= 6 months', term_months <= 12, '03: <= 12 months', term_months <= 24, '04: <= 24 months', term_months <= 36, '05: <= 36 months', '06: > 36 months'), 'Nullable(String)') AS __d4, CAST(multiIf(principal IS NULL, NULL, principal <= 1000, '01: <= 1000', principal <= 3000, '02: <= 3000', principal <= 5000, '03: <= 5000', principal <= 10000, '04: <= 10000', principal <= 20000, '05: <= 20000', principal <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d5, CAST(multiIf(annual_rate IS NULL, NULL, annual_rate <= 0.12, '01: <= 0.12', annual_rate <= 0.18, '02: <= 0.18', annual_rate <= 0.24, '03: <= 0.24', annual_rate <= 0.36, '04: <= 0.36', '05: > 0.36'), 'Nullable(String)') AS __d6, CAST(toStartOfMonth(disbursed_on), 'Nullable(Date32)') AS __d7
      FROM (
  WITH (SELECT groupUniqArray(as_of) FROM (SELECT v.`as_of` AS `as_of`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p1:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p2:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p3:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p4:String})
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)) AS snapshot_days, arrayMax(snapshot_days) AS newest_day
  SELECT date, disbursed_on, loan_id, customer_id, product, channel, province, purpose, term_months, annual_rate, principal, due_1, due_2, due_3,
    multiIf(rows_1_1 > 0, toNullable(toUInt8(dpd_1_1 >= 1)),
      closed_on <= addDays(due_1, 1), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 1))), NULL) AS late_1_1, ifNull(late_1_1 = 1, false) AS missed_1_1, late_1_1 IS NOT NULL AS known_1_1, multiIf(due_1 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_1, 1), false), assumeNotNull(addDays(due_1, 1)),
      addDays(due_1, 1) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_1, 1))), toDate('2149-06-06'), assumeNotNull(addDays(due_1, 1))) AS matures_1_1,
    multiIf(rows_1_7 > 0, toNullable(toUInt8(dpd_1_7 >= 7)),
      closed_on <= addDays(due_1, 7), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 7))), NULL) AS late_1_7, ifNull(late_1_7 = 1, false) AS missed_1_7, late_1_7 IS NOT NULL AS known_1_7, multiIf(due_1 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_1, 7), false), assumeNotNull(addDays(due_1, 7)),
      addDays(due_1, 7) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_1, 7))), toDate('2149-06-06'), assumeNotNull(addDays(due_1, 7))) AS matures_1_7,
    multiIf(rows_1_30 > 0, toNullable(toUInt8(dpd_1_30 >= 30)),
      closed_on <= addDays(due_1, 30), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 30))), NULL) AS late_1_30, ifNull(late_1_30 = 1, false) AS missed_1_30, late_1_30 IS NOT NULL AS known_1_30, multiIf(due_1 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_1, 30), false), assumeNotNull(addDays(due_1, 30)),
      addDays(due_1, 30) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_1, 30))), toDate('2149-06-06'), assumeNotNull(addDays(due_1, 30))) AS matures_1_30,
    multiIf(rows_2_1 > 0, toNullable(toUInt8(dpd_2_1 >= 1)),
      closed_on <= addDays(due_2, 1), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 1))), NULL) AS late_2_1, ifNull(late_2_1 = 1, false) AND NOT ifNull(late_1_1 = 1, false) AS missed_2_1, late_2_1 IS NOT NULL AS known_2_1, multiIf(due_2 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_2, 1), false), assumeNotNull(addDays(due_2, 1)),
      addDays(due_2, 1) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_2, 1))), toDate('2149-06-06'), assumeNotNull(addDays(due_2, 1))) AS matures_2_1,
    multiIf(rows_2_7 > 0, toNullable(toUInt8(dpd_2_7 >= 7)),
      closed_on <= addDays(due_2, 7), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 7))), NULL) AS late_2_7, ifNull(late_2_7 = 1, false) AND NOT ifNull(late_1_7 = 1, false) AS missed_2_7, late_2_7 IS NOT NULL AS known_2_7, multiIf(due_2 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_2, 7), false), assumeNotNull(addDays(due_2, 7)),
      addDays(due_2, 7) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_2, 7))), toDate('2149-06-06'), assumeNotNull(addDays(due_2, 7))) AS matures_2_7,
    multiIf(rows_2_30 > 0, toNullable(toUInt8(dpd_2_30 >= 30)),
      closed_on <= addDays(due_2, 30), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 30))), NULL) AS late_2_30, ifNull(late_2_30 = 1, false) AND NOT ifNull(late_1_30 = 1, false) AS missed_2_30, late_2_30 IS NOT NULL AS known_2_30, multiIf(due_2 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_2, 30), false), assumeNotNull(addDays(due_2, 30)),
      addDays(due_2, 30) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_2, 30))), toDate('2149-06-06'), assumeNotNull(addDays(due_2, 30))) AS matures_2_30,
    multiIf(rows_3_1 > 0, toNullable(toUInt8(dpd_3_1 >= 1)),
      closed_on <= addDays(due_3, 1), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 1))), NULL) AS late_3_1, ifNull(late_3_1 = 1, false) AND NOT ifNull(late_1_1 = 1, false) AND NOT ifNull(late_2_1 = 1, false) AS missed_3_1, late_3_1 IS NOT NULL AS known_3_1, multiIf(due_3 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_3, 1), false), assumeNotNull(addDays(due_3, 1)),
      addDays(due_3, 1) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_3, 1))), toDate('2149-06-06'), assumeNotNull(addDays(due_3, 1))) AS matures_3_1,
    multiIf(rows_3_7 > 0, toNullable(toUInt8(dpd_3_7 >= 7)),
      closed_on <= addDays(due_3, 7), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 7))), NULL) AS late_3_7, ifNull(late_3_7 = 1, false) AND NOT ifNull(late_1_7 = 1, false) AND NOT ifNull(late_2_7 = 1, false) AS missed_3_7, late_3_7 IS NOT NULL AS known_3_7, multiIf(due_3 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_3, 7), false), assumeNotNull(addDays(due_3, 7)),
      addDays(due_3, 7) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_3, 7))), toDate('2149-06-06'), assumeNotNull(addDays(due_3, 7))) AS matures_3_7,
    multiIf(rows_3_30 > 0, toNullable(toUInt8(dpd_3_30 >= 30)),
      closed_on <= addDays(due_3, 30), toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= 30))), NULL) AS late_3_30, ifNull(late_3_30 = 1, false) AND NOT ifNull(late_1_30 = 1, false) AND NOT ifNull(late_2_30 = 1, false) AS missed_3_30, late_3_30 IS NOT NULL AS known_3_30, multiIf(due_3 IS NULL, toDate('1970-01-01'), ifNull(closed_on <= addDays(due_3, 30), false), assumeNotNull(addDays(due_3, 30)),
      addDays(due_3, 30) > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(addDays(due_3, 30))), toDate('2149-06-06'), assumeNotNull(addDays(due_3, 30))) AS matures_3_30
  FROM (
    SELECT l.loan_id AS loan_id, any(toDate(l.disbursed_at, {p5:String})) AS date, date AS disbursed_on, any(l.customer_id) AS customer_id,
      any(l.product) AS product, any(l.channel) AS channel, any(l.province) AS province, any(l.purpose) AS purpose, any(l.term_months) AS term_months,
      any(l.annual_rate) AS annual_rate, any(l.principal) AS principal, any(f.due_1) AS due_1, any(f.due_2) AS due_2, any(f.due_3) AS due_3,
      countIf(s.as_of = addDays(f.due_1, 1)) AS rows_1_1, maxIf(s.dpd, s.as_of = addDays(f.due_1, 1)) AS dpd_1_1, countIf(s.as_of = addDays(f.due_1, 7)) AS rows_1_7, maxIf(s.dpd, s.as_of = addDays(f.due_1, 7)) AS dpd_1_7, countIf(s.as_of = addDays(f.due_1, 30)) AS rows_1_30, maxIf(s.dpd, s.as_of = addDays(f.due_1, 30)) AS dpd_1_30, countIf(s.as_of = addDays(f.due_2, 1)) AS rows_2_1, maxIf(s.dpd, s.as_of = addDays(f.due_2, 1)) AS dpd_2_1, countIf(s.as_of = addDays(f.due_2, 7)) AS rows_2_7, maxIf(s.dpd, s.as_of = addDays(f.due_2, 7)) AS dpd_2_7, countIf(s.as_of = addDays(f.due_2, 30)) AS rows_2_30, maxIf(s.dpd, s.as_of = addDays(f.due_2, 30)) AS dpd_2_30, countIf(s.as_of = addDays(f.due_3, 1)) AS rows_3_1, maxIf(s.dpd, s.as_of = addDays(f.due_3, 1)) AS dpd_3_1, countIf(s.as_of = addDays(f.due_3, 7)) AS rows_3_7, maxIf(s.dpd, s.as_of = addDays(f.due_3, 7)) AS dpd_3_7, countIf(s.as_of = addDays(f.due_3, 30)) AS rows_3_30, maxIf(s.dpd, s.as_of = addDays(f.due_3, 30)) AS dpd_3_30,
      minIf(s.as_of, s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS first_closed, countIf(s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS closings,
      if(closings = 0, NULL, first_closed) AS closed_on, argMinIf(s.status, s.as_of, s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS closed_as,
      argMinIf(s.dpd, s.as_of, s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS closed_dpd
    FROM (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p6:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p7:DateTime64(3, 'UTC')}) AS l
    LEFT JOIN (
      SELECT loan_id, minIf(due_date, installment_no = 1) AS due_1, if(countIf(installment_no = 2) = 0, NULL, minIf(due_date, installment_no = 2)) AS due_2,
        if(countIf(installment_no = 3) = 0, NULL, minIf(due_date, installment_no = 3)) AS due_3
      FROM (SELECT loan_id, installment_no, due_date, effective_at = min(effective_at) OVER (PARTITION BY loan_id) AS is_original FROM (SELECT v.`loan_id` AS `loan_id`, v.`installment_no` AS `installment_no`, v.`effective_at` AS `effective_at`, v.`customer_id` AS `customer_id`, v.`due_date` AS `due_date`, v.`principal_due` AS `principal_due`, v.`interest_due` AS `interest_due`, v.`fee_due` AS `fee_due`, v.`effective_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `installments` AS v WHERE v.ingested_at <= {p8:DateTime64(3, 'UTC')} AND v.`effective_at` <= {p9:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, `installment_no`, `effective_at`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `installment_no`, `effective_at`
  ) AS v WHERE v.deleted = 0))
      WHERE is_original AND installment_no <= 3
      GROUP BY loan_id HAVING countIf(installment_no = 1) > 0
    ) AS f ON l.loan_id = f.loan_id
    LEFT JOIN (SELECT loan_id, as_of, status, dpd FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`status` AS `status`, v.`dpd` AS `dpd`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p10:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p11:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p12:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p13:String})
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)) AS s ON l.loan_id = s.loan_id
    GROUP BY l.loan_id
  ))
      WHERE date >= {p14:Date} AND date <= {p15:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3, __d4, __d5, __d6, __d7
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"2026-01-30 16:00:00.000","p3":"2026-01-30 16:00:00.000","p4":"Asia/Shanghai","p5":"Asia/Shanghai","p6":"2026-01-30 16:00:00.000","p7":"2026-01-30 16:00:00.000","p8":"2026-01-30 16:00:00.000","p9":"2026-01-30 16:00:00.000","p10":"Asia/Shanghai","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"Asia/Shanghai","p14":"2026-01-01","p15":"2026-01-31"}
