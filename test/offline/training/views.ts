/** Views of a training set that a test and the processes it kills both build. */
import { defineEntity, int32, raw, sql, string } from '../../../src/core/definitions/define.js';
import type { View } from '../../../src/core/definitions/definitions.js';
import { formatInstant } from '../../../src/core/helpers/time.js';
import type { TrainingSetRequest } from '../../../src/core/ports/training-sets.js';
import type { ClickHouse } from '../../../src/warehouse/client.js';
import { type OfflinePorts, refsOf, viewOf } from '../support.js';

export const DAY = 86_400_000;
export const T0 = Date.UTC(2026, 0, 10);
export const AS_OF = T0 + 100 * DAY;
export const at = (days: number): string => formatInstant(T0 + days * DAY);

export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const pair = defineEntity({ name: 'customer_device', joinKeys: ['customer_id', 'device_id'], description: 'x' });
export const ENTITIES = new Map([customer, pair].map((entity) => [entity.name, entity]));

const x = { description: 'x' };
const facts =
  (name: string, columns: string) =>
  ({ asOf }: { readonly asOf: { readonly instant: ReturnType<typeof raw> } }) =>
    sql`SELECT ${raw(columns)} FROM ${raw(name)} WHERE at = ${asOf.instant}`;

/** `fill: last_known`, a tombstone, a ttl and a maxAge. */
export const behaviour: View = viewOf('behaviour', 1, {
  entity: customer,
  ttl: '20d',
  maxAge: '5d',
  tombstone: 'gone',
  features: { dpd: int32(x), known: int32({ ...x, fill: 'last_known' }) },
  query: facts('facts', 'customer_id, dpd, known, gone'),
});
export const behaviour2: View = viewOf('behaviour', 2, {
  entity: customer,
  features: { dpd: int32(x) },
  query: facts('facts', 'customer_id, dpd * 100 AS dpd'),
});
/** Of a composite key. */
export const uses: View = viewOf('uses', 1, {
  entity: pair,
  features: { times: int32(x), place: string(x) },
  query: facts('uses', 'customer_id, device_id, times, place'),
});
export const VIEWS: readonly View[] = [behaviour, behaviour2, uses];

const dateTime = (days: number): string => at(days).replace('T', ' ').slice(0, -1);
export const CUSTOMERS = 60;

/** Facts of six days, every tenth customer gone on the fourth, with all their runs committed. */
export async function fillViews(store: ClickHouse, { writers, writes }: OfflinePorts): Promise<void> {
  await store.run(
    'test',
    raw(
      `CREATE TABLE facts (at DateTime64(3, 'UTC'), customer_id String, dpd Nullable(Int32), known Nullable(Int32), gone UInt8) ENGINE = Memory`,
    ),
  );
  await store.run(
    'test',
    raw(
      `CREATE TABLE uses (at DateTime64(3, 'UTC'), customer_id String, device_id String, times Int32, place String) ENGINE = Memory`,
    ),
  );
  const days = [0, 1, 2, 3, 4, 12].map((day) => `toDateTime64('${dateTime(day)}', 3, 'UTC')`).join(', ');
  await store.run(
    'test',
    raw(`INSERT INTO facts SELECT arrayJoin([${days}]) AS at, concat('C', toString(number)), if(number % 7 = 3, NULL, toInt32(number + toDayOfMonth(at))),
      if((number + toDayOfMonth(at)) % 3 = 0, toInt32(number), NULL), number % 10 = 5 AND toDayOfMonth(at) = 13 FROM numbers(${CUSTOMERS})`),
  );
  await store.run(
    'test',
    raw(`INSERT INTO uses SELECT arrayJoin([${days}]) AS at, concat('C', toString(number)), concat('D', toString(number % 4)), toInt32(number), 'p'
      FROM numbers(${CUSTOMERS})`),
  );
  let id = 0;
  for (const view of VIEWS) {
    await writers.createView(view);
    const runs = [0, 1, 2, 3, 4, 12].map((day) => ({
      id: ++id,
      view,
      asOf: T0 + day * DAY,
      knowledge: T0 + day * DAY + 7_200_000,
    }));
    await writes.stageRuns(runs);
    await writes.commitRuns(
      view,
      runs.map((run) => ({ run, availableAt: run.knowledge })),
    );
  }
}

/** Rows in no order of keys or instants, some twice, some without a key. */
export function spineRows(rows: number) {
  const each = <T>(of: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => of(row));
  return {
    customer_id: each((row) => (row % 23 === 0 ? null : `C${(row * 37) % (CUSTOMERS + 5)}`)),
    device_id: each((row) => `D${(row * 37) % 4}`),
    event_timestamp: each((row) => at(((row * 13) % 40) - 2 + 0.25)),
    weight: each((row) => row % 11),
  };
}

export const setRequest = (
  more: Partial<TrainingSetRequest> & Pick<TrainingSetRequest, 'id' | 'path'>,
): TrainingSetRequest => ({
  features: VIEWS.flatMap((view) => refsOf(view)),
  label: null,
  entities: ENTITIES,
  asOf: AS_OF,
  format: 'CSV',
  includeEventTimes: true,
  includeStatuses: true,
  signal: new AbortController().signal,
  onProgress: async () => undefined,
  spine: spineRows(300),
  ...more,
});
