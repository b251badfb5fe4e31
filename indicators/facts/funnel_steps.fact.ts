import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description:
    'Steps towards a loan by the local day on which they were taken: OPEN, REGISTER, FILL and SUBMIT from events, APPROVE from applications (without drawdowns), ' +
    'DRAWDOWN from loans. A person is the customer. What a device does before anyone is known counts, up to its first REGISTER, for the customer who ' +
    'registered then, and for the device itself where none ever did; without a customer after it, it counts for nobody.',
  owner: 'growth',
  grain: 'one step of a person, on the day on which it was taken',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(s.at, ${timezone}) AS date, s.at AS at, s.step AS step, assumeNotNull(s.person) AS person, s.channel AS channel, c.province AS province, c.segment AS segment,
    if(ifNull(c.registered_at < s.at, false), 'REGISTERED', 'NEW') AS customer_kind
  FROM (
    SELECT e.event_time AS at, e.event_type AS step, e.channel AS channel, ifNull(e.customer_id, if(e.event_time <= r.first_at, r.registered, NULL)) AS customer,
      multiIf(customer IS NOT NULL, concat('customer ', customer), r.first_at IS NULL, concat('device ', e.device_id), NULL) AS person
    FROM (
      SELECT event_time, event_type, channel, customer_id, device_id
      FROM ${source('events', { columns: ['event_type', 'channel', 'customer_id', 'device_id'] })} WHERE event_type IN ('OPEN', 'REGISTER', 'FILL', 'SUBMIT')
    ) AS e
    LEFT JOIN (
      SELECT device_id, toNullable(min(event_time)) AS first_at, toNullable(argMin(customer_id, (event_time, customer_id))) AS registered
      FROM ${source('events', { columns: ['event_type', 'customer_id', 'device_id'] })}
      WHERE event_type = 'REGISTER' AND customer_id IS NOT NULL AND device_id IS NOT NULL GROUP BY device_id
    ) AS r ON e.device_id = r.device_id
    UNION ALL
    SELECT assumeNotNull(decided_at) AS at, 'APPROVE' AS step, channel, toNullable(customer_id) AS customer, concat('customer ', customer_id) AS person
    FROM ${source('applications', { columns: ['kind', 'channel', 'customer_id', 'decision', 'decided_at'] })}
    WHERE kind != 'DRAWDOWN' AND decided_at IS NOT NULL AND ifNull(decision = 'APPROVED', false)
    UNION ALL
    SELECT disbursed_at AS at, 'DRAWDOWN' AS step, channel, toNullable(customer_id) AS customer, concat('customer ', customer_id) AS person
    FROM ${source('loans', { columns: ['channel', 'customer_id', 'disbursed_at'] })}
  ) AS s
  LEFT JOIN (
    SELECT customer_id, province, segment, toNullable(registered_at) AS registered_at
    FROM ${source('customers', { columns: ['customer_id', 'province', 'segment', 'registered_at'] })}
  ) AS c ON s.customer = c.customer_id
  WHERE s.person IS NOT NULL`,
  dimensions: {
    channel: { expression: 'channel', description: 'The channel of the step' },
    province: { expression: 'province', description: "The customer's province; none of a device" },
    segment: { expression: 'segment', description: "The customer's segment; none of a device" },
    customer_kind: {
      expression: 'customer_kind',
      description: 'REGISTERED: the person had registered before the step; NEW: not',
    },
  },
  measures: {
    steps: { expression: 'count()', description: 'Steps taken', unit: 'count' },
    people: { expression: 'uniqExact(person)', description: 'People who took a step', unit: 'people' },
  },
});
