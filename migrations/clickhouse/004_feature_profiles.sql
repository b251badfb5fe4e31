-- What the values of a feature looked like at each committed as-of of its view. A later restatement of the as-of adds runs, and its row replaces this one.
CREATE TABLE IF NOT EXISTS `feature_profiles` (
  `view` LowCardinality(String),
  `feature` LowCardinality(String),
  `as_of` DateTime64(3, 'UTC'),
  `runs` UInt32,
  `last_run` UInt32,
  `rows` UInt64,
  `nulls` UInt64,
  `distinct` Nullable(UInt64),
  `min` Nullable(String),
  `max` Nullable(String),
  `mean` Nullable(Float64),
  `p5` Nullable(Float64),
  `p50` Nullable(Float64),
  `p95` Nullable(Float64)
) ENGINE = ReplacingMergeTree(`runs`)
ORDER BY (`view`, `feature`, `as_of`);
