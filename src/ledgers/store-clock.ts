import type { DataSource } from 'typeorm';
import type { StoreClock } from '../core/ports/process.js';

/** The clock of Postgres. */
export const createStoreClock =
  (dataSource: Pick<DataSource, 'query'>): StoreClock =>
  async () => {
    const [row] = (await dataSource.query(
      'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
    )) as { now: string }[];
    return Number(row?.now);
  };
