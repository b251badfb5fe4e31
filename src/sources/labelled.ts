import type { ClickHouseClient } from '@clickhouse/client';
import type { ClickHouse } from '../warehouse/client.js';

/** The statements of a fence through a plain client. */
export const labelled = (client: ClickHouseClient): Pick<ClickHouse, 'rows' | 'insert'> => ({
  async rows<Row>(_label: string, select: Parameters<ClickHouse['rows']>[1]) {
    const { query, params } = select.render();
    const result = await client.query({ query, query_params: { ...params }, format: 'JSONEachRow' });
    return result.json<Row>();
  },
  async insert(_label, { table, columns }, rows) {
    await client.insert({ table, columns: [...columns], values: rows, format: 'JSONCompactEachRow' });
  },
});
