import type { IndicatorTableRequest } from '../../src/core/ports/indicators.js';
import { createIndicators } from '../../src/indicators/indicators.js';
import { loadRegistry } from '../../src/registry/load.js';
import { namedIn } from '../support/indicators.js';
import { openSourceTables, ROOT, type SourceTables } from '../support/views.js';

export interface BookTables extends SourceTables {
  /** Rows and reasons of NULLs of an indicator by month; read in 2030 unless `asOf` says when. */
  table(
    name: string,
    request?: Partial<IndicatorTableRequest>,
  ): ReturnType<ReturnType<typeof createIndicators>['table']>;
  /** Every report; those above and below are read in 2030 too. */
  readonly indicators: ReturnType<typeof createIndicators>;
  /** The project's own definitions. */
  readonly registry: Awaited<ReturnType<typeof loadRegistry>>;
}

/** Source tables to be filled by hand, and the project's own indicators over them. */
export async function openIndicators(timezone?: string): Promise<BookTables> {
  const tables = await openSourceTables(timezone);
  const registry = await loadRegistry({ root: ROOT });
  const indicators = createIndicators({
    catalogue: namedIn(registry),
    query: tables.clickhouse,
    calendar: tables.calendar,
  });
  return {
    ...tables,
    indicators,
    registry,
    table: (name, request = {}) =>
      indicators.table({
        names: [name],
        by: [],
        grain: 'MONTH',
        from: '2026-01-01',
        to: '2026-03-31',
        filters: [],
        rights: [],
        compare: null,
        components: true,
        orderBy: null,
        limit: null,
        asOf: null,
        now: Date.parse('2030-01-01T00:00:00Z'),
        ...request,
      }),
  };
}
