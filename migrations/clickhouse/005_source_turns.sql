-- Whose turn it is to compare and write rows of a source table: what begins for an earlier turn than the highest writes nothing.

CREATE TABLE IF NOT EXISTS `source_turns` (
  `table` LowCardinality(String),
  `turn` UInt64
) ENGINE = ReplacingMergeTree(`turn`)
ORDER BY `table`;
