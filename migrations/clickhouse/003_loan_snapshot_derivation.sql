-- Loan-days that the daily job derives stand beside imported ones in one table. What was derived says so; an imported row never does.

ALTER TABLE `loan_snapshots` ADD COLUMN IF NOT EXISTS `derived` UInt8 DEFAULT 0;

-- Runs that are whole: the newest says through which day every loan is derived.
CREATE TABLE IF NOT EXISTS `loan_snapshot_runs` (
  `seq` UInt64,
  `through` Date,
  `timezone` String,
  `at` DateTime64(3, 'UTC'),
  `loans` UInt64,
  `rows` UInt64,
  `changed` UInt64
) ENGINE = MergeTree
ORDER BY `seq`;

-- How many rows of each import the runs have seen: an import with more of them, or one that is not here, brings something new.
CREATE TABLE IF NOT EXISTS `loan_snapshot_inputs` (
  `table` LowCardinality(String),
  `seq` UInt64,
  `rows` UInt64
) ENGINE = ReplacingMergeTree(`rows`)
ORDER BY (`table`, `seq`);

-- Loans that the next day asks for although nothing new came in of them.
CREATE TABLE IF NOT EXISTS `loan_snapshot_loans` (
  `loan_id` String,
  `open` UInt8,
  `seq` UInt64
) ENGINE = ReplacingMergeTree(`seq`)
ORDER BY `loan_id`;
