-- What a bureau report lists: who asked, and the accounts with other lenders.
CREATE TABLE IF NOT EXISTS `inquiries` (
  `report_id` String,
  `inquiry_no` UInt16,
  `customer_id` String,
  `inquired_at` DateTime64(3, 'UTC'),
  `organisation` Nullable(String),
  `reason` Nullable(String),
  `amount` Nullable(Decimal(18, 2)),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`report_id`, `inquiry_no`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `tradelines` (
  `report_id` String,
  `tradeline_no` UInt16,
  `customer_id` String,
  `reported_at` DateTime64(3, 'UTC'),
  `opened_on` Nullable(Date),
  `account_type` Nullable(String),
  `organisation` Nullable(String),
  `credit_limit` Nullable(Decimal(18, 2)),
  `balance` Nullable(Decimal(18, 2)),
  `status` Nullable(String),
  `worst_dpd` Nullable(UInt16),
  `months_on_book` Nullable(UInt16),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`report_id`, `tradeline_no`, `ingested_at`, `seq`);
