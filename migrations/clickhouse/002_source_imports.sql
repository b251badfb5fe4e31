-- What came in and what was refused. An import is written here once its rows are readable; its `seq` is that of its rows.

CREATE TABLE IF NOT EXISTS `source_imports` (
  `table` LowCardinality(String),
  `import_id` String,
  `seq` UInt64,
  `at` DateTime64(3, 'UTC'),
  `history` UInt8,
  `accepted` UInt64,
  `duplicates` UInt64,
  `rejected` UInt64
) ENGINE = MergeTree
ORDER BY (`table`, `seq`);

CREATE TABLE IF NOT EXISTS `source_quarantine` (
  `table` LowCardinality(String),
  `at` DateTime64(3, 'UTC'),
  `import_id` String,
  `line` UInt64,
  `column` Nullable(String),
  `reason` String,
  `raw` String
) ENGINE = MergeTree
ORDER BY (`table`, `at`, `import_id`, `line`);
