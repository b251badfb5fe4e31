-- Days of which gangs are derived: the newest says through which.
CREATE TABLE IF NOT EXISTS `gang_runs` (
  `seq` UInt64,
  `through` Date,
  `timezone` String,
  `at` DateTime64(3, 'UTC'),
  `gangs` UInt64,
  `members` UInt64,
  `links` UInt64,
  `rounds` UInt64,
  `rows` UInt64
) ENGINE = MergeTree
ORDER BY `seq`;

CREATE TABLE IF NOT EXISTS `gang_members` (
  `customer_id` String,
  `as_of` Date,
  `gang_id` String,
  `joined_at` Nullable(DateTime64(3, 'UTC')),
  `known_bad` UInt16,
  `shared_identifiers` UInt16,
  `neighbours` UInt16,
  `second_neighbours` UInt16,
  `bad_neighbours` UInt16,
  `distance_to_bad` Nullable(UInt16),
  `core_number` UInt16,
  `propagated_risk` Float64,
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`customer_id`, `as_of`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `gang_verdicts` (
  `gang_id` String,
  `judged_at` DateTime64(3, 'UTC'),
  `verdict` String,
  `note` String,
  `until` Nullable(DateTime64(3, 'UTC')),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`gang_id`, `judged_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `trusted_identifiers` (
  `identifier_type` String,
  `identifier` String,
  `trusted_at` DateTime64(3, 'UTC'),
  `reason` String,
  `until` Nullable(DateTime64(3, 'UTC')),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`identifier_type`, `identifier`, `ingested_at`, `seq`);
