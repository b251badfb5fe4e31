import { withheldPlan } from '../core/compute/disclosure.js';
import { type OnDemandPlan, planOnDemand, readRequest } from '../core/compute/on-demand.js';
import { type CalledRow, columnCell, computeRow } from '../core/compute/on-demand-rows.js';
import { type Cell, rowAt, valueAt } from '../core/compute/status.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { FeatureRef, View } from '../core/definitions/definitions.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { EntityKey } from '../core/ports/offline.js';
import type { OnlineCell, OnlineReads } from '../core/ports/online.js';
import type {
  OnlineFeaturesAnswer,
  OnlineFeaturesRequest,
  OnlineFeaturesService,
  ViewKey,
} from '../core/ports/serving.js';

/** Limits of one request, as the API's contract gives them. */
export const MAX_ROWS = 1_000;
export const MAX_CELLS = 250_000;

interface Group {
  readonly entity: EntityDefinition;
  readonly keys: readonly (readonly (string | null)[])[];
  readonly views: View[];
}

interface KeyGroup extends Group {
  readonly keys: EntityKey[];
  /** Index in `keys`, by the key's JSON. */
  readonly indexOf: Map<string, number>;
}

/**
 * Number of rows of columnar entities, for what a plan reads and answers.
 * @throws BAD_USER_INPUT for unequal lengths, missing or unknown join keys, too many rows.
 */
export function countRows(
  entities: Readonly<Record<string, readonly (string | null)[]>>,
  { joinKeys: needed, columns, stored }: Pick<OnDemandPlan, 'joinKeys' | 'columns' | 'stored'>,
): number {
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
  checkSize(rows, Math.max(columns.length, stored.length));
  return rows;
}

function checkSize(rows: number, features: number): void {
  if (rows > MAX_ROWS) throw badInput(`${rows} rows are more than ${MAX_ROWS} a request`, 'split the request');
  if (rows * features <= MAX_CELLS) return;
  throw new RiskgraphError({
    code: 'TOO_COMPLEX',
    message: `${rows} rows × ${features} features are more than ${MAX_CELLS} values a request`,
    hint: 'split the request',
  });
}

/** Groups features by entity, so that each entity key costs one command whatever the number of its views. */
function groupByEntity(
  features: readonly FeatureRef[],
  entities: OnlineFeaturesRequest['entities'],
  rows: number,
): Group[] {
  const groups = new Map<string, Group>();
  for (const { view } of features) {
    const { entity } = view;
    let group = groups.get(entity.name);
    if (!group) {
      const keys = Array.from({ length: rows }, (_, row) => entity.joinKeys.map((key) => entities[key]?.[row] ?? null));
      group = { entity, keys, views: [] };
      groups.set(entity.name, group);
    }
    if (!group.views.includes(view)) group.views.push(view);
  }
  return [...groups.values()];
}

/** Groups the keys that are asked for by entity, each once. */
function groupKeys(asked: readonly ViewKey[]): ReadonlyMap<string, KeyGroup> {
  const groups = new Map<string, KeyGroup>();
  for (const { view, key } of asked) {
    const { entity } = view;
    const group = groups.get(entity.name) ?? { entity, keys: [], views: [], indexOf: new Map<string, number>() };
    groups.set(entity.name, group);
    if (!group.views.includes(view)) group.views.push(view);
    const json = JSON.stringify(key);
    if (!group.indexOf.has(json)) group.indexOf.set(json, group.keys.push(key) - 1);
  }
  return groups;
}

/** Reads one cell per view and row. */
async function readCells(
  online: OnlineReads,
  groups: readonly Group[],
  deadline: AbortSignal | undefined,
): Promise<ReadonlyMap<View, readonly OnlineCell[]>> {
  const answers = groups.length > 0 ? await online.read(groups, deadline) : [];
  return new Map(
    groups.flatMap((group, g) =>
      group.views.map((view, v) => [view, group.keys.map((_, row) => answers[g]?.[row]?.[v] ?? null)] as const),
    ),
  );
}

export function createOnlineFeatures({ online }: { readonly online: OnlineReads }): OnlineFeaturesService {
  return {
    async read(request): Promise<OnlineFeaturesAnswer> {
      const { features, entities, stalePolicy, now, deadline } = request;
      const planned = planOnDemand(features);
      const plan = request.withheld ? withheldPlan(planned) : planned;
      const rows = countRows(entities, plan);
      const inputs = readRequest(plan, request.request, rows);
      const cellsOf = await readCells(online, groupByEntity(plan.stored, entities, rows), deadline);
      const stored = plan.stored.map(({ view, index }) =>
        (cellsOf.get(view) ?? []).map((row) => {
          const value = row === null || row === 'ERROR' ? null : (row.values[index] ?? null);
          return valueAt({ view, row, value, t: now, stalePolicy });
        }),
      );
      const storedAt = (row: number) => (at: number) => stored[at]?.[row] as Cell;
      const called = Array.from({ length: rows }, (_, row) =>
        computeRow(plan, {
          request: (name) => inputs.get(name)?.[row] ?? null,
          stored: storedAt(row),
          stalePolicy,
        }),
      );
      // Event times of the requested views only: the inputs of on-demand views stay unseen.
      const times = new Map<string, readonly (Instant | null)[]>();
      const columns = plan.columns.map((column) => {
        const { view, feature, reference } = column.ref;
        const cells = Array.from({ length: rows }, (_, row) =>
          columnCell(column, storedAt(row), called[row] as readonly CalledRow[]),
        );
        times.set(
          view.id,
          cells.map(({ eventTime }) => eventTime),
        );
        const values = cells.map(({ value }) => value);
        const statuses = cells.map(({ status }) => status);
        return { name: reference, view: view.id, type: feature.type, values, statuses };
      });
      return { columns, views: [...times].map(([view, eventTimes]) => ({ view, eventTimes })) };
    },

    async rows(asked, now, deadline) {
      const groups = groupKeys(asked);
      const all = [...groups.values()];
      checkSize(
        all.reduce((sum, { keys }) => sum + keys.length, 0),
        all.flatMap(({ views }) => views).reduce((sum, { features }) => sum + features.length, 0),
      );
      const cellsOf = await readCells(online, all, deadline);
      return asked.map(({ view, key }) => {
        const index = groups.get(view.entity.name)?.indexOf.get(JSON.stringify(key)) as number;
        return rowAt({ view, row: cellsOf.get(view)?.[index] ?? null, t: now });
      });
    },
  };
}
