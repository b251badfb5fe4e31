-- Reports ask for the newest day of each month. The first projection says which days have rows, the second has the rows day by day; both hold what the
-- table holds, in every part of it. Parts that were written before get them in the background, and are read as they were until then.

ALTER TABLE `loan_snapshots`
  ADD PROJECTION IF NOT EXISTS `days` (SELECT `as_of`, `ingested_at`, max(`deleted`) GROUP BY `as_of`, `ingested_at`);

ALTER TABLE `loan_snapshots`
  ADD PROJECTION IF NOT EXISTS `by_day` (SELECT * ORDER BY `as_of`, `loan_id`, `ingested_at`, `seq`);

ALTER TABLE `loan_snapshots` MATERIALIZE PROJECTION `days`;

ALTER TABLE `loan_snapshots` MATERIALIZE PROJECTION `by_day`;
