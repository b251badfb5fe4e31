-- The newest instant from which rows of a source table were known. An import writes it before its rows, so that the next one is known no
-- earlier, whatever the clock says then, and even where this one is killed.

CREATE TABLE IF NOT EXISTS `source_clock` (
  `table` LowCardinality(String),
  `known` DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(`known`)
ORDER BY `table`;

-- What a release before this one imported counts too. An instant of the future is that of a wrong clock.
INSERT INTO `source_clock` SELECT `table`, max(`at`) FROM `source_imports` WHERE `at` <= now64(3) GROUP BY `table`;
