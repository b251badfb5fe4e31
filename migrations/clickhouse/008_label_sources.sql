-- What a computation of a label's month has read, table by table. `inputs`, one number for all tables, is written no more; a month without `sources` is
-- computed once more.

ALTER TABLE `label_runs` ADD COLUMN IF NOT EXISTS `sources` Map(String, UInt64);
