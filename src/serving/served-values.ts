import type { RowAt } from '../core/compute/status.js';
import type { View } from '../core/definitions/definitions.js';
import type { FeatureStatus } from '../core/definitions/types.js';
import type { Metrics } from '../core/ports/process.js';
import type { OnlineFeaturesService } from '../core/ports/serving.js';

/** Counts what the service answers, by view and status: the share of stale and missing values is the first sign of a view that stands still. */
export function countServed(features: OnlineFeaturesService, metrics: Pick<Metrics, 'count'>): OnlineFeaturesService {
  const count = (view: string, statuses: Iterable<FeatureStatus>): void => {
    const served = new Map<FeatureStatus, number>();
    for (const status of statuses) served.set(status, (served.get(status) ?? 0) + 1);
    for (const [status, values] of served) metrics.count('served_values', { view, status }, values);
  };
  return {
    async read(request) {
      const answer = await features.read(request);
      for (const { view, statuses } of answer.columns) count(view, statuses);
      return answer;
    },
    async rows(asked, now, deadline) {
      const rows = await features.rows(asked, now, deadline);
      for (const [index, row] of rows.entries()) {
        const { view } = asked[index] as (typeof asked)[number];
        count(view.id, valueStatuses(view, row));
      }
      return rows;
    },
  };
}

/** The status of each value of a whole row, whose own status says nothing of its NULLs. */
const valueStatuses = (view: View, { status, values }: RowAt): FeatureStatus[] =>
  view.features.map((_, index) => (status === 'PRESENT' && values?.[index] == null ? 'NULL' : status));
