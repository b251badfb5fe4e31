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
