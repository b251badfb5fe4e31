-- The WGS84 position of a row and its finest cells, which an import computes of the columns of the file. Rows that are stored get them at the next start.

ALTER TABLE `applications`
  ADD COLUMN IF NOT EXISTS `wgs84_latitude` Nullable(Float64),
  ADD COLUMN IF NOT EXISTS `wgs84_longitude` Nullable(Float64),
  ADD COLUMN IF NOT EXISTS `h3` Nullable(String),
  ADD COLUMN IF NOT EXISTS `geohash` Nullable(String),
  ADD COLUMN IF NOT EXISTS `position_status` Nullable(String);

ALTER TABLE `events`
  ADD COLUMN IF NOT EXISTS `wgs84_latitude` Nullable(Float64),
  ADD COLUMN IF NOT EXISTS `wgs84_longitude` Nullable(Float64),
  ADD COLUMN IF NOT EXISTS `h3` Nullable(String),
  ADD COLUMN IF NOT EXISTS `geohash` Nullable(String),
  ADD COLUMN IF NOT EXISTS `position_status` Nullable(String);

ALTER TABLE `places`
  ADD COLUMN IF NOT EXISTS `wgs84_latitude` Nullable(Float64),
  ADD COLUMN IF NOT EXISTS `wgs84_longitude` Nullable(Float64),
  ADD COLUMN IF NOT EXISTS `h3` Nullable(String),
  ADD COLUMN IF NOT EXISTS `geohash` Nullable(String),
  ADD COLUMN IF NOT EXISTS `position_status` Nullable(String);
