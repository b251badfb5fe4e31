SELECT toString(__period) AS period, toString(__d0) AS g0, toString(__d1) AS g1, toString(__d2) AS g2, toString(__d3) AS g3, toString(__d4) AS g4, toString(__d5) AS g5, toString(__d6) AS g6, toString(__d7) AS g7, toString(__d8) AS g8, toString(count()) AS m0, toString(countIf(on_time)) AS m1, toString(sum(due)) AS m2, toString(sum(principal_due)) AS m3, toString(max(matures_on)) AS x0
    FROM (
      SELECT *, date AS __period, CAST(product, 'Nullable(String)') AS __d0, CAST(channel, 'Nullable(String)') AS __d1, CAST(province, 'Nullable(String)') AS __d2, CAST(purpose, 'Nullable(String)') AS __d3, CAST(multiIf(term_months IS NULL, NULL, term_months <= 3, '01: <= 3 months', term_months <= 6, '02: <= 6 months', term_months <= 12, '03: <= 12 months', term_months <= 24, '04: <= 24 months', term_months <= 36, '05: <= 36 months', '06: > 36 months'), 'Nullable(String)') AS __d4, CAST(multiIf(principal IS NULL, NULL, principal <= 1000, '01: <= 1000', principal <= 3000, '02: <= 3000', principal <= 5000, '03: <= 5000', principal <= 10000, '04: <= 10000', principal <= 20000, '05: <= 20000', principal <= 50000, '06: <= 50000', '07: > 50000'), 'Nullable(String)') AS __d5, CAST(multiIf(annual_rate IS NULL, NULL, annual_rate <= 0.12, '01: <= 0.12', annual_rate <= 0.18, '02: <= 0.18', annual_rate <= 0.24, '03: <= 0.24', annual_rate <= 0.36, '04: <= 0.36', '05: > 0.36'), 'Nullable(String)') AS __d6, CAST(toStartOfMonth(disbursed_on), 'Nullable(Date32)') AS __d7, CAST(installment_no, 'Nullable(Int64)') AS __d8
      FROM (
  SELECT d.date AS date, d.date AS matures_on, d.installment_no AS installment_no, d.principal_due AS principal_due, d.due AS due, d.on_time AS on_time,
    toDate(l.disbursed_at, {p1:String}) AS disbursed_on, l.loan_id AS loan_id, l.customer_id AS customer_id, l.product AS product, l.channel AS channel, l.province AS province, l.purpose AS purpose, l.term_months AS term_months, l.annual_rate AS annual_rate, l.principal AS principal
  FROM (
    SELECT loan_id, lines[at].1 AS date, lines[at].2 AS installment_no, lines[at].3 AS principal_due, lines[at].4 AS due,
      arraySum(line -> greatest(lines[line].4 - arraySum(payment -> if(payment.1 <= date AND payment.2 = lines[line].2, payment.4, toDecimal128(0, 2)), paid), toDecimal128(0, 2)), [at]) = 0 OR arraySum(line -> greatest(lines[line].4 - arraySum(payment -> if(payment.1 <= date AND payment.2 = lines[line].2, payment.4, toDecimal128(0, 2)), paid), toDecimal128(0, 2)), range(1, at + 1)) <= arraySum(payment -> if(payment.1 <= date AND NOT arrayExists(one -> one.2 = payment.2, lines), payment.4, toDecimal128(0, 2)), paid) AS on_time
    FROM (SELECT *, arrayJoin(arrayEnumerate(lines)) AS at FROM (
    SELECT s.loan_id AS loan_id, s.lines AS lines, s.first_day AS first_day, ifNull(c.closed_on, toDate('2149-06-05')) AS closed_on,
      least(ifNull(s.next_day - 1, closed_on), closed_on) AS last_day,
      arrayMap(payment -> (payment.2, payment.3, payment.4, payment.5, payment.6),
        arrayFilter(payment -> (s.is_first OR payment.1 >= s.effective_at) AND ifNull(payment.1 < s.next_at, true), p.payments)) AS paid
    FROM (
      SELECT loan_id, effective_at, lines, toDate(effective_at, {p2:String}) AS first_day, next_at, toDate(next_at, {p3:String}) AS next_day, is_first
      FROM (
        SELECT loan_id, effective_at, lines, row_number() OVER (PARTITION BY loan_id ORDER BY effective_at) = 1 AS is_first,
          leadInFrame(toNullable(effective_at)) OVER (PARTITION BY loan_id ORDER BY effective_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_at
        FROM (
          SELECT loan_id, effective_at,
            arraySort(groupArray((due_date, installment_no, toDecimal128(principal_due, 2), toDecimal128(principal_due, 2) + interest_due + ifNull(fee_due, 0)))) AS lines
          FROM (SELECT v.`loan_id` AS `loan_id`, v.`installment_no` AS `installment_no`, v.`effective_at` AS `effective_at`, v.`customer_id` AS `customer_id`, v.`due_date` AS `due_date`, v.`principal_due` AS `principal_due`, v.`interest_due` AS `interest_due`, v.`fee_due` AS `fee_due`, v.`effective_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `installments` AS v WHERE v.ingested_at <= {p4:DateTime64(3, 'UTC')} AND v.`effective_at` <= {p5:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, `installment_no`, `effective_at`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `installment_no`, `effective_at`
  ) AS v WHERE v.deleted = 0) GROUP BY loan_id, effective_at
        )
      )
    ) AS s
    LEFT JOIN (
      SELECT loan_id, groupArray((paid_at, toDate(paid_at, {p6:String}), ifNull(installment_no, 0), toDecimal128(principal_paid, 2),
        toDecimal128(principal_paid, 2) + interest_paid + ifNull(fee_paid, 0), ifNull(method != 'WAIVER', true))) AS payments
      FROM (SELECT v.`repayment_id` AS `repayment_id`, v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`installment_no` AS `installment_no`, v.`paid_at` AS `paid_at`, v.`principal_paid` AS `principal_paid`, v.`interest_paid` AS `interest_paid`, v.`fee_paid` AS `fee_paid`, v.`penalty_paid` AS `penalty_paid`, v.`method` AS `method`, v.`paid_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `repayments` AS v WHERE v.ingested_at <= {p7:DateTime64(3, 'UTC')}
    ORDER BY `repayment_id`, ingested_at DESC, seq DESC LIMIT 1 BY `repayment_id`
  ) AS v WHERE v.deleted = 0 AND v.`paid_at` <= {p8:DateTime64(3, 'UTC')}) GROUP BY loan_id
    ) AS p ON s.loan_id = p.loan_id
    LEFT JOIN (
      SELECT loan_id, toNullable(toDate(min(occurred_at), {p9:String})) AS closed_on FROM (SELECT v.`loan_id` AS `loan_id`, v.`event_type` AS `event_type`, v.`occurred_at` AS `occurred_at`, v.`amount` AS `amount`, v.`detail` AS `detail`, v.`occurred_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loan_events` AS v WHERE v.ingested_at <= {p10:DateTime64(3, 'UTC')} AND v.`occurred_at` <= {p11:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, `event_type`, `occurred_at`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`, `event_type`, `occurred_at`
  ) AS v WHERE v.deleted = 0)
      WHERE event_type IN ('SETTLED', 'WRITTEN_OFF', 'SOLD') GROUP BY loan_id
    ) AS c ON s.loan_id = c.loan_id
  ))
    WHERE date >= first_day AND date <= last_day
  ) AS d
  LEFT JOIN (SELECT v.`loan_id` AS `loan_id`, v.`customer_id` AS `customer_id`, v.`application_id` AS `application_id`, v.`line_id` AS `line_id`, v.`refinances_loan_id` AS `refinances_loan_id`, v.`product` AS `product`, v.`channel` AS `channel`, v.`disbursed_at` AS `disbursed_at`, v.`principal` AS `principal`, v.`term_months` AS `term_months`, v.`annual_rate` AS `annual_rate`, v.`purpose` AS `purpose`, v.`province` AS `province`, v.`disbursed_at` AS event_time, v.ingested_at AS ingested_at FROM (
    SELECT * FROM `loans` AS v WHERE v.ingested_at <= {p12:DateTime64(3, 'UTC')}
    ORDER BY `loan_id`, ingested_at DESC, seq DESC LIMIT 1 BY `loan_id`
  ) AS v WHERE v.deleted = 0 AND v.`disbursed_at` <= {p13:DateTime64(3, 'UTC')}) AS l ON d.loan_id = l.loan_id)
      WHERE date >= {p14:Date} AND date <= {p15:Date})
    GROUP BY __period, __d0, __d1, __d2, __d3, __d4, __d5, __d6, __d7, __d8
    LIMIT 250001

-- {"p1":"Asia/Shanghai","p2":"Asia/Shanghai","p3":"Asia/Shanghai","p4":"2026-01-30 16:00:00.000","p5":"2026-01-30 16:00:00.000","p6":"Asia/Shanghai","p7":"2026-01-30 16:00:00.000","p8":"2026-01-30 16:00:00.000","p9":"Asia/Shanghai","p10":"2026-01-30 16:00:00.000","p11":"2026-01-30 16:00:00.000","p12":"2026-01-30 16:00:00.000","p13":"2026-01-30 16:00:00.000","p14":"2026-01-01","p15":"2026-01-31"}
