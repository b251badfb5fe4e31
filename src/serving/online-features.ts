import type { EntityDefinition } from '../core/define.js';
import type { FeatureRef, View } from '../core/definitions.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import type {
  OnlineCell,
  OnlineFeaturesAnswer,
  OnlineFeaturesRequest,
  OnlineFeaturesService,
  OnlineStore,
} from '../core/ports.js';
import { valueAt } from '../core/status.js';
import type { FeatureStatus, FeatureValue } from '../core/types.js';

/** The contract's limits of one request. */
export const MAX_ROWS = 1_000;
export const MAX_CELLS = 250_000;

interface Group {
  readonly entity: EntityDefinition;
  readonly keys: readonly (readonly (string | null)[])[];
  readonly views: View[];
}

/**
 * Number of rows of columnar entities.
 * @throws BAD_USER_INPUT for unequal lengths, missing or unknown join keys, too many rows.
 */
export function countRows(
  entities: Readonly<Record<string, readonly (string | null)[]>>,
  features: readonly FeatureRef[],
): number {
  const needed = [...new Set(features.flatMap(({ view }) => view.entity.joinKeys))];
  const missing = needed.filter((key) => !(key in entities));
  if (missing.length > 0) {
    throw badInput(
      `\`entities\` lacks the join key${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`,
      `give ${needed.map((key) => `${key}: [...]`).join(', ')}`,
    );
  }
  const unknown = Object.keys(entities).filter((key) => !needed.includes(key));
  if (unknown.length > 0) {
    throw badInput(
      `\`entities\` holds ${unknown.join(', ')}, which none of these features is keyed by`,
      `the join keys here are ${needed.join(', ')}`,
    );
  }
  const lengths = Object.entries(entities).map(([key, values]) => ({ key, length: values.length }));
  const rows = lengths[0]?.length ?? 0;
  if (lengths.some(({ length }) => length !== rows)) {
    throw badInput(
      `the lists of \`entities\` differ in length: ${lengths.map(({ key, length }) => `${key} ${length}`).join(', ')}`,
      'row i of the request is the i-th value of every list',
    );
  }
  if (rows > MAX_ROWS) throw badInput(`${rows} rows are more than ${MAX_ROWS} a request`, 'split the request');
  if (rows * features.length > MAX_CELLS) {
    throw new RiskgraphError({
      code: 'TOO_COMPLEX',
      message: `${rows} rows × ${features.length} features are more than ${MAX_CELLS} values a request`,
      hint: 'split the request',
    });
  }
  return rows;
}

/** One group an entity, so that each entity key costs one command whatever the number of its views. */
function groupByEntity(request: OnlineFeaturesRequest, rows: number): Group[] {
  const groups = new Map<string, Group>();
  for (const { view } of request.features) {
    const { entity } = view;
    let group = groups.get(entity.name);
    if (!group) {
      const keys = Array.from({ length: rows }, (_, row) =>
        entity.joinKeys.map((key) => request.entities[key]?.[row] ?? null),
      );
      group = { entity, keys, views: [] };
      groups.set(entity.name, group);
    }
    if (!group.views.includes(view)) group.views.push(view);
  }
  return [...groups.values()];
}

export function createOnlineFeatures({ online }: { readonly online: OnlineStore }): OnlineFeaturesService {
  return {
    async read(request): Promise<OnlineFeaturesAnswer> {
      const { features, stalePolicy, now } = request;
      const rows = countRows(request.entities, features);
      const groups = groupByEntity(request, rows);
      const answers = await online.read(groups);
      const cellsOf = new Map<View, readonly OnlineCell[]>();
      groups.forEach((group, g) => {
        group.views.forEach((view, v) => {
          cellsOf.set(
            view,
            Array.from({ length: rows }, (_, row) => answers[g]?.[row]?.[v] ?? null),
          );
        });
      });
      const columns = features.map(({ view, feature, index, reference }) => {
        const values: FeatureValue[] = [];
        const statuses: FeatureStatus[] = [];
        for (const cell of cellsOf.get(view) ?? []) {
          const answer =
            cell === 'ERROR'
              ? { value: null, status: 'ERROR' as const }
              : valueAt({ view, row: cell, value: cell?.values[index] ?? null, t: now, stalePolicy });
          values.push(answer.value);
          statuses.push(answer.status);
        }
        return { name: reference, view: view.id, type: feature.type, values, statuses };
      });
      const views = [...cellsOf].map(([view, cells]) => ({
        view: view.id,
        eventTimes: cells.map((cell) => (cell === null || cell === 'ERROR' ? null : eventTimeOf(view, cell, now))),
      }));
      return { columns, views };
    },
  };
}

/** Null where the row is no longer there: a tombstone, or past its ttl. */
function eventTimeOf(view: View, row: Exclude<OnlineCell, null | 'ERROR'>, now: number): number | null {
  const { status } = valueAt({ view, row, value: null, t: now, stalePolicy: 'RETURN' });
  return status === 'NOT_FOUND' ? null : row.eventTime;
}
