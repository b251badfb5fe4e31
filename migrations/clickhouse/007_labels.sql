-- Labels that are computed from definitions: what is known of an observation that is neither one outcome nor the other, and which months are computed.

ALTER TABLE `labels` ADD COLUMN IF NOT EXISTS `outcome` Nullable(String);
ALTER TABLE `labels` ADD COLUMN IF NOT EXISTS `reason` Nullable(String);

CREATE TABLE IF NOT EXISTS `label_runs` (
  `label` String,
  -- First day of the month of the observations.
  `month` Date,
  -- What was ingested later is not in the rows.
  `knowledge` DateTime64(3, 'UTC'),
  -- The newest sequence among the rows of the sources that may decide them.
  `inputs` UInt64,
  `seq` UInt64,
  `at` DateTime64(3, 'UTC'),
  -- Outcomes that are known, and versions that the run added.
  `rows` UInt64,
  `changed` UInt64
) ENGINE = MergeTree ORDER BY (`label`, `month`, `seq`);
