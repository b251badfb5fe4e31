SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(__d4) AS g4, toString(__d5) AS g5, toString(__d6) AS g6, toString(__d7) AS g7, toString(__d8) AS g8, toString(count()) AS m0, toString(sum(entry)) AS m1, toString(sum(recovered)) AS m2, toString(max(matures_on)) AS x0
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2, CAST(purpose, 'Nullable(String)') AS __d3, CAST(multiIf(term_months IS NULL, NULL, term_months <= 3, '01: <= 3 months', term_months <= 6, '02: <= 6 months', term_months <= 12, '03: <= 12 months', term_months <= 24, '04: <= 24 months', term_months <= 36, '05: <= 36 months', '06: > 36 months'), 'Nullable(String)') AS __d4, CAST(multiIf(principal IS NULL, NULL, principal <= 1000, '01: <= 1000', principal <= 3000, '02: <= 3000', principal <= 5000, '03: <= 5000', principal <= 10000, '04: <= 10000', principal <= 20000, '05: <= 20000', principal <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d5, CAST(multiIf(annual_rate IS NULL, NULL, annual_rate <= 0.12, '01: <= 0.12', annual_rate <= 0.18, '02: <= 0.18', annual_rate <= 0.24, '03: <= 0.24', annual_rate <= 0.36, '04: <= 0.36', '05: > 0.36'), 'Nullable(String)') AS __d6, CAST(toStartOfMonth(disbursed_on), 'Nullable(Date32)') AS __d7, CAST(bucket, 'Nullable(String)') AS __d8
      FROM (
  SELECT e.date AS date, addDays(e.date, 30) AS matures_on, e.bucket AS bucket, e.entry AS entry, greatest(least(e.entry, e.cash), toDecimal128(0, 2)) AS recovered,
    toDate(l.disbursed_at, {p1:String}) AS disbursed_on, l.loan_id AS loan_id, l.customer_id AS customer_id, l.product AS product, l.channel AS channel, l.province AS province, l.purpose AS purpose, l.term_months AS term_months, l.annual_rate AS annual_rate, l.principal AS principal
  FROM (
    SELECT n.loan_id AS loan, n.as_of AS date, multiIf(n.dpd = 0, 'M0', n.dpd > 180, 'M7+', concat('M', toString(intDiv(n.dpd + 29, 30)))) AS bucket, n.entry AS entry,
      arraySum(payment -> if(payment.1 > n.as_of AND payment.1 <= addDays(n.as_of, 30) AND payment.2 < n.as_of, payment.3, toDecimal128(0, 2)), p.payments) AS cash
    FROM (
      SELECT loan_id, as_of, status, dpd, entry, intDiv(least(toInt32(dpd), 181) + 29, 30) AS level, lagInFrame(level, 1, 0) OVER (PARTITION BY loan_id ORDER BY as_of ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
      FROM (
        SELECT loan_id, as_of, status, dpd, toDecimal128(overdue_principal, 2) + ifNull(interest_overdue, 0) + ifNull(fee_overdue, 0) AS entry
        FROM (SELECT v.`loan_id` AS `loan_id`, v.`as_of` AS `as_of`, v.`status` AS `status`, v.`dpd` AS `dpd`, v.`overdue_principal` AS `overdue_principal`, v.`interest_overdue` AS `interest_overdue`, v.`fee_overdue` AS `fee_overdue`, toTimeZone(toDateTime64(v.`as_of` + 1, 3, {p2:String}) - INTERVAL 1 MILLISECOND, 'UTC') AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_snapshots` AS v WHERE v.ingested_at <= {p3:DateTime64(3, 'UTC')} AND v.`as_of` < toDate({p4:DateTime64(3, 'UTC')} + INTERVAL 1 MILLISECOND, {p5:String})
    ORDER BY `loan_id`, `as_of`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `as_of`
  ) AS v WHERE v.deleted = 0)
      )
    ) AS n
    LEFT JOIN (
      SELECT loan_id, groupArrayArray(arrayMap(payment -> (payment.1, arrayFirst(line -> line.2 = payment.2, lines).1, if(payment.5 = 1, payment.4, toDecimal128(0, 2))), paid)) AS payments
      FROM (
    SELECT s.loan_id AS loan_id, s.lines AS lines, s.first_day AS first_day, ifNull(c.closed_on, toDate('2149-06-05')) AS closed_on,
      least(ifNull(s.next_day - 1, closed_on), closed_on) AS last_day,
      arrayMap(payment -> (payment.2, payment.3, payment.4, payment.5, payment.6),
        arrayFilter(payment -> (s.is_first OR payment.1 >= s.effective_at) AND ifNull(payment.1 < s.next_at, true), p.payments)) AS paid
    FROM (
      SELECT loan_id, effective_at, lines, toDate(effective_at, {p6:String}) AS first_day, next_at, toDate(next_at, {p7:String}) AS next_day, is_first
      FROM (
        SELECT loan_id, effective_at, lines, row_number() OVER (PARTITION BY loan_id ORDER BY effective_at) = 1 AS is_first,
          leadInFrame(toNullable(effective_at)) OVER (PARTITION BY loan_id ORDER BY effective_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_at
        FROM (
          SELECT loan_id, effective_at,
            arraySort(groupArray((due_date, installment_no, toDecimal128(principal_due, 2), toDecimal128(principal_due, 2) + interest_due + ifNull(fee_due, 0)))) AS lines
          FROM (SELECT v.`loan_id` AS `loan_id`, v.`installment_no` AS `installment_no`, v.`effective_at` AS `effective_at`, v.`customer_id` AS `customer_id`, v.`due_date` AS `due_date`, v.`principal_due` AS `principal_due`, v.`interest_due` AS `interest_due`, v.`fee_due` AS `fee_due`, v.`effective_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `installments` AS v WHERE v.ingested_at <= {p8:DateTime64(3, 'UTC')} AND v.`effective_at` <= {p9:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, `installment_no`, `effective_at`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `installment_no`, `effective_at`
  ) AS v WHERE v.deleted = 0) GROUP BY loan_id, effective_at
        )
      )
    ) AS s
    LEFT JOIN (
      SELECT loan_id, groupArray((paid_at, toDate(paid_at, {p10:String}), ifNull(installment_no, 0), toDecimal128(principal_paid, 2),
        toDecimal128(principal_paid, 2) + interest_paid + ifNull(fee_paid, 0), ifNull(method != 'WAIVER', true))) AS payments
      FROM (SELECT v.`repayment_id` AS `repayment_id`, v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`installment_no` AS `installment_no`, v.`paid_at` AS `paid_at`, v.`principal_paid` AS `principal_paid`, v.`interest_paid` AS `interest_paid`, v.`fee_paid` AS `fee_paid`, v.`penalty_paid` AS `penalty_paid`, v.`method` AS `method`, v.`paid_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `repayments` AS v WHERE v.ingested_at <= {p11:DateTime64(3, 'UTC')}
    ORDER BY `repayment_id`, ingested_at DESC, seq DESC LIMIT 1 BY `repayment_id`
  ) AS v WHERE v.deleted = 0 AND v.`paid_at` <= {p12:DateTime64(3, 'UTC')}) GROUP BY loan_id
    ) AS p ON s.loan_id = p.loan_id
    LEFT JOIN (
      SELECT loan_id, toNullable(toDate(min(occurred_at), {p13:String})) AS closed_on FROM (SELECT v.`loan_id` AS `loan_id`, v.`event_type` AS `event_type`, v.`occurred_at` AS `occurred_at`, v.`amount` AS `amount`, v.`detail` AS `detail`, v.`occurred_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_events` AS v WHERE v.ingested_at <= {p14:DateTime64(3, 'UTC')} AND v.`occurred_at` <= {p15:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, `event_type`, `occurred_at`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `event_type`, `occurred_at`
  ) AS v WHERE v.deleted = 0)
      WHERE event_type IN ('SETTLED', 'WRITTEN_OFF', 'SOLD') GROUP BY loan_id
    ) AS c ON s.loan_id = c.loan_id
  ) GROUP BY loan_id
    ) AS p ON n.loan_id = p.loan_id
    WHERE n.status = 'OVERDUE' AND n.level > n.before
  ) AS e
  LEFT JOIN (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p16:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p17:DateTime64(3, 'UTC')}) AS l ON e.loan = l.loan_id)
      WHERE date >= {p18:Date} AND date <= {p19:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3, __d4, __d5, __d6, __d7, __d8
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"Asia/Shanghai","p3":"2026-01-30 16:00:00.000","p4":"2026-01-30 16:00:00.000","p5":"Asia/Shanghai","p6":"Asia/Shanghai","p7":"Asia/Shanghai","p8":"2026-01-30 16:00:00.000","p9":"2026-01-30 16:00:00.000","p10":"Asia/Shanghai","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"Asia/Shanghai","p14":"2026-01-30 16:00:00.000","p15":"2026-01-30 16:00:00.000","p16":"2026-01-30 16:00:00.000","p17":"2026-01-30 16:00:00.000","p18":"2026-01-01","p19":"2026-01-31"}
