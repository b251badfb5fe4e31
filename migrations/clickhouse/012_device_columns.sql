-- What ties a phone to its holder where no app reads an IMEI any more, and the price of a phone by its allocation.

ALTER TABLE `device_sightings`
  ADD COLUMN IF NOT EXISTS `fingerprint` Nullable(String) AFTER `wifi_bssid`,
  ADD COLUMN IF NOT EXISTS `account_hash` Nullable(String) AFTER `fingerprint`,
  ADD COLUMN IF NOT EXISTS `sim_hash` Nullable(String) AFTER `account_hash`,
  ADD COLUMN IF NOT EXISTS `reset_at` Nullable(DateTime64(3, 'UTC')) AFTER `sim_hash`;

ALTER TABLE `tac_brands` ADD COLUMN IF NOT EXISTS `price_band` Nullable(String) AFTER `brand`;
