/** Apart from `openOffline`, which programs that tests start share: they do without the files of the source tables. */
import { migratedClickHouseDatabase } from '../support/migrated.js';
import { type OfflineFixture, openOn } from './support.js';

/** Beside the platform's tables. */
export const openMigrated = (timezone = 'Asia/Shanghai'): Promise<OfflineFixture> =>
  openOn(migratedClickHouseDatabase, timezone);
