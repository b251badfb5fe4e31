-- When the rows of an import happened at the earliest, earlier versions of their keys among them, and when the last of them was known: which days it
-- may have changed. NULL for an import of a release before, without new rows, and of a table whose rows have no event time.

ALTER TABLE `source_imports`
  ADD COLUMN IF NOT EXISTS `first_event` Nullable(DateTime64(3, 'UTC')),
  ADD COLUMN IF NOT EXISTS `last_known` Nullable(DateTime64(3, 'UTC'));
