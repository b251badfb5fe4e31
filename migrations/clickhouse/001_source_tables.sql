-- Source tables: every version of every row, never changed once written. Rows lie by key and then by the time we knew, so that the newest
-- version of a key is found by reading in order. No partitions: a key's versions are read together, and no query prunes by anything else.
-- `seq` orders versions of one `ingested_at`; its index makes "what did this import bring" a short read.

CREATE TABLE IF NOT EXISTS `customers` (
  `customer_id` String,
  `registered_at` DateTime64(3, 'UTC'),
  `birth_date` Nullable(Date32),
  `gender` Nullable(String),
  `education` Nullable(String),
  `marital_status` Nullable(String),
  `province` Nullable(String),
  `city` Nullable(String),
  `occupation` Nullable(String),
  `monthly_income` Nullable(Decimal(18, 2)),
  `phone_hash` Nullable(String),
  `id_region` Nullable(String),
  `phone_region` Nullable(String),
  `channel` Nullable(String),
  `segment` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`customer_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `applications` (
  `application_id` String,
  `customer_id` String,
  `kind` String,
  `product` String,
  `channel` Nullable(String),
  `applied_at` DateTime64(3, 'UTC'),
  `amount` Decimal(18, 2),
  `term_months` UInt16,
  `purpose` Nullable(String),
  `line_id` Nullable(String),
  `device_id` Nullable(String),
  `ip` Nullable(String),
  `latitude` Nullable(Float64),
  `longitude` Nullable(Float64),
  `datum` Nullable(String),
  `province` Nullable(String),
  `city` Nullable(String),
  `decision` Nullable(String),
  `decision_path` Nullable(String),
  `decided_at` Nullable(DateTime64(3, 'UTC')),
  `approved_amount` Nullable(Decimal(18, 2)),
  `decline_reason` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`application_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `credit_lines` (
  `line_id` String,
  `effective_at` DateTime64(3, 'UTC'),
  `customer_id` String,
  `product` String,
  `application_id` Nullable(String),
  `limit_amount` Decimal(18, 2),
  `annual_rate` Nullable(Decimal(9, 6)),
  `status` String,
  `reason` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`line_id`, `effective_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `loans` (
  `loan_id` String,
  `customer_id` String,
  `application_id` Nullable(String),
  `line_id` Nullable(String),
  `refinances_loan_id` Nullable(String),
  `product` String,
  `channel` Nullable(String),
  `disbursed_at` DateTime64(3, 'UTC'),
  `principal` Decimal(18, 2),
  `term_months` UInt16,
  `annual_rate` Decimal(9, 6),
  `purpose` Nullable(String),
  `province` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`loan_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `loan_events` (
  `loan_id` String,
  `event_type` String,
  `occurred_at` DateTime64(3, 'UTC'),
  `amount` Nullable(Decimal(18, 2)),
  `detail` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`loan_id`, `event_type`, `occurred_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `installments` (
  `loan_id` String,
  `installment_no` UInt16,
  `effective_at` DateTime64(3, 'UTC'),
  `customer_id` String,
  `due_date` Date,
  `principal_due` Decimal(18, 2),
  `interest_due` Decimal(18, 2),
  `fee_due` Nullable(Decimal(18, 2)),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`loan_id`, `installment_no`, `effective_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `repayments` (
  `repayment_id` String,
  `loan_id` String,
  `customer_id` String,
  `installment_no` Nullable(UInt16),
  `paid_at` DateTime64(3, 'UTC'),
  `principal_paid` Decimal(18, 2),
  `interest_paid` Decimal(18, 2),
  `fee_paid` Nullable(Decimal(18, 2)),
  `penalty_paid` Nullable(Decimal(18, 2)),
  `method` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`repayment_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `loan_snapshots` (
  `loan_id` String,
  `as_of` Date,
  `customer_id` String,
  `product` String,
  `channel` Nullable(String),
  `line_id` Nullable(String),
  `status` String,
  `restructured` UInt8,
  `dpd` UInt16,
  `principal_outstanding` Decimal(18, 2),
  `overdue_principal` Decimal(18, 2),
  `interest_overdue` Nullable(Decimal(18, 2)),
  `fee_overdue` Nullable(Decimal(18, 2)),
  `penalty_accrued` Nullable(Decimal(18, 2)),
  `risk_class` Nullable(String),
  `disbursed_on` Date,
  `principal` Decimal(18, 2),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`loan_id`, `as_of`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `statements` (
  `customer_id` String,
  `product` String,
  `month` Date,
  `credit_limit` Decimal(18, 2),
  `statement_balance` Decimal(18, 2),
  `minimum_due` Nullable(Decimal(18, 2)),
  `due_date` Nullable(Date),
  `amount_paid` Decimal(18, 2),
  `delinquency` Int8,
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`customer_id`, `product`, `month`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `events` (
  `event_id` String,
  `customer_id` Nullable(String),
  `device_id` Nullable(String),
  `application_id` Nullable(String),
  `session_id` Nullable(String),
  `event_type` String,
  `event_time` DateTime64(3, 'UTC'),
  `channel` Nullable(String),
  `product` Nullable(String),
  `amount` Nullable(Decimal(18, 2)),
  `ip` Nullable(String),
  `latitude` Nullable(Float64),
  `longitude` Nullable(Float64),
  `datum` Nullable(String),
  `is_mock_location` Nullable(UInt8),
  `page` Nullable(String),
  `dwell_ms` Nullable(UInt32),
  `attributes` Map(String, String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`event_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `device_sightings` (
  `customer_id` String,
  `device_id` String,
  `seen_at` DateTime64(3, 'UTC'),
  `imei` Nullable(String),
  `meid` Nullable(String),
  `idfa` Nullable(String),
  `idfv` Nullable(String),
  `gaid` Nullable(String),
  `oaid` Nullable(String),
  `android_id` Nullable(String),
  `udid` Nullable(String),
  `brand` Nullable(String),
  `model` Nullable(String),
  `os` Nullable(String),
  `os_version` Nullable(String),
  `is_emulator` Nullable(UInt8),
  `is_rooted` Nullable(UInt8),
  `flags` Array(String),
  `ip` Nullable(String),
  `wifi_bssid` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`customer_id`, `device_id`, `seen_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `identifier_links` (
  `customer_id` String,
  `identifier_type` String,
  `identifier` String,
  `seen_at` DateTime64(3, 'UTC'),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`customer_id`, `identifier_type`, `identifier`, `seen_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `collections` (
  `action_id` String,
  `case_id` Nullable(String),
  `loan_id` String,
  `customer_id` String,
  `acted_at` DateTime64(3, 'UTC'),
  `party` Nullable(String),
  `action` String,
  `result` Nullable(String),
  `promised_on` Nullable(Date),
  `promised_amount` Nullable(Decimal(18, 2)),
  `amount` Nullable(Decimal(18, 2)),
  `agency` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`action_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `provisions` (
  `as_of` Date,
  `product` String,
  `kind` String,
  `amount` Decimal(18, 2),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`as_of`, `product`, `kind`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `labels` (
  `entity` String,
  `entity_id` String,
  `name` String,
  `observed_at` DateTime64(3, 'UTC'),
  `window_from` DateTime64(3, 'UTC'),
  `window_to` DateTime64(3, 'UTC'),
  `known_at` DateTime64(3, 'UTC'),
  `value` Float64,
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`entity`, `entity_id`, `name`, `observed_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `scores` (
  `model` String,
  `entity` String,
  `entity_id` String,
  `scored_at` DateTime64(3, 'UTC'),
  `points` Nullable(Float64),
  `probability` Nullable(Float64),
  `band` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`model`, `entity`, `entity_id`, `scored_at`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `decisions` (
  `decision_id` String,
  `application_id` Nullable(String),
  `customer_id` String,
  `scene` String,
  `strategy` String,
  `version` String,
  `decided_at` DateTime64(3, 'UTC'),
  `outcome` String,
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`decision_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `rule_hits` (
  `decision_id` String,
  `rule` String,
  `decided_at` DateTime64(3, 'UTC'),
  `evaluated` UInt8,
  `hit` UInt8,
  `action` Nullable(String),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`decision_id`, `rule`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `external_reports` (
  `report_id` String,
  `customer_id` String,
  `application_id` Nullable(String),
  `provider` String,
  `product` String,
  `requested_at` DateTime64(3, 'UTC'),
  `status` String,
  `latency_ms` Nullable(UInt32),
  `cost` Nullable(Decimal(18, 2)),
  `values` Map(String, Float64),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`report_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `campaign_contacts` (
  `contact_id` String,
  `campaign` String,
  `customer_id` String,
  `channel` String,
  `sent_at` DateTime64(3, 'UTC'),
  `responded_at` Nullable(DateTime64(3, 'UTC')),
  `converted_at` Nullable(DateTime64(3, 'UTC')),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`contact_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `costs` (
  `month` Date,
  `product` String,
  `channel` String,
  `kind` String,
  `amount` Decimal(18, 2),
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`month`, `product`, `channel`, `kind`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `fund_flows` (
  `flow_id` String,
  `loan_id` String,
  `customer_id` String,
  `occurred_at` DateTime64(3, 'UTC'),
  `amount` Decimal(18, 2),
  `counterparty_type` String,
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`flow_id`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `tac_brands` (
  `tac` String,
  `brand` String,
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`tac`, `ingested_at`, `seq`);

CREATE TABLE IF NOT EXISTS `places` (
  `province` String,
  `city` String,
  `latitude` Float64,
  `longitude` Float64,
  `ingested_at` DateTime64(3, 'UTC'),
  `deleted` UInt8,
  `seq` UInt64,
  `row_hash` UInt128,
  INDEX seq_range `seq` TYPE minmax GRANULARITY 4
) ENGINE = MergeTree
ORDER BY (`province`, `city`, `ingested_at`, `seq`);
