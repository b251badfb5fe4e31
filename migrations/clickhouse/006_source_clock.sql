-- The newest instant from which rows of a source table were known. An import writes it before its rows, so that the next one is known no
-- earlier, whatever the clock says then, and even where this one is killed.

CREATE TABLE IF NOT EXISTS `source_clock` (
  `table` LowCardinality(String),
  `known` DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(`known`)
ORDER BY `table`;
