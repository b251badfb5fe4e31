/** Rule 14. A case's writes arrive in every order, one after the other and racing; the same row must be read in the end. */
import { expect } from 'vitest';
import type { ViewRow } from '../../src/core/ports/offline.js';
import { testRow, testView } from '../online/definitions.js';
import { type Case, defineRule, shared } from './conformance.js';
import { type OnlineWorld, openOnlineWorld } from './online-world.js';

/** Event time, available-at (both in ms after T), sequence; the value written is its place in the list. */
type Stamp = readonly [event: number, available: number, sequence: number, more?: 'tombstone' | 'null'];

interface Writes extends Case {
  readonly writes: readonly Stamp[];
  /** Which of the writes must be read in the end. */
  readonly wins: number;
}

const DAY = 86_400_000;
const T = Date.UTC(2026, 0, 10);

const CASES: readonly Writes[] = [
  {
    name: 'a later event wins',
    writes: [
      [0, 0, 1],
      [1, 0, 1],
    ],
    wins: 1,
  },
  {
    name: 'a later event wins over one that became available later',
    writes: [
      [0, 9, 1],
      [1, 0, 1],
    ],
    wins: 1,
  },
  {
    name: 'a later event wins over a higher sequence',
    writes: [
      [0, 0, 9],
      [1, 0, 1],
    ],
    wins: 1,
  },
  {
    name: 'of one event the later available-at wins',
    writes: [
      [5, 0, 1],
      [5, 1, 1],
    ],
    wins: 1,
  },
  {
    name: 'of one event the later available-at wins over a higher sequence',
    writes: [
      [5, 0, 9],
      [5, 1, 1],
    ],
    wins: 1,
  },
  {
    name: 'of one event and one available-at the later run wins',
    writes: [
      [5, 5, 1],
      [5, 5, 2],
    ],
    wins: 1,
  },
  {
    name: 'a correction that became known after a newer event does not hide that event',
    writes: [
      [0, 0, 1],
      [2, 2, 2],
      [0, 5, 3],
    ],
    wins: 1,
  },
  {
    name: 'of four restatements of one day the last wins',
    writes: [
      [7, 1, 1],
      [7, 4, 2],
      [7, 3, 3],
      [7, 2, 4],
    ],
    wins: 1,
  },
  {
    name: 'a day that is computed again after four newer ones changes nothing',
    writes: [
      [0, 90, 9],
      [DAY, 91, 2],
      [2 * DAY, 92, 3],
      [3 * DAY, 93, 4],
    ],
    wins: 3,
  },
  {
    name: 'the end of a value wins over the value before it',
    writes: [
      [0, 0, 1],
      [1, 1, 2, 'tombstone'],
    ],
    wins: 1,
  },
  {
    name: 'a value after its end wins over the end',
    writes: [
      [0, 0, 1],
      [1, 1, 2, 'tombstone'],
      [2, 2, 3],
    ],
    wins: 2,
  },
  {
    name: 'a newer row wins even when its values are NULL',
    writes: [
      [0, 0, 1],
      [1, 1, 2, 'null'],
    ],
    wins: 1,
  },
  {
    name: 'a millisecond decides, beyond 2^32 seconds too',
    writes: [
      [2 ** 43, 0, 1],
      [2 ** 43 + 1, 0, 1],
      [2 ** 43 - 1, 9, 9],
    ],
    wins: 1,
  },
  {
    name: 'a millisecond decides before 1970 too',
    writes: [
      [-(2 ** 42) - 1, 9, 9],
      [-(2 ** 42), 0, 1],
      [-(2 ** 42) - 2, 0, 1],
    ],
    wins: 1,
  },
];

const CONNECTIONS = 4;
const view = testView('a');
const world = shared(() => openOnlineWorld(CONNECTIONS));

const rowOf = ([event, available, sequence, more]: Stamp, index: number, id: string): ViewRow =>
  testRow({
    key: [id],
    eventTime: T + event,
    availableAt: T + available,
    sequence,
    tombstone: more === 'tombstone',
    values: more === 'tombstone' ? [] : more === 'null' ? [null, null, null] : [index, `write ${index}`, [index]],
  });

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

async function expectWinner({ store }: OnlineWorld, ids: readonly string[], { writes, wins }: Writes): Promise<void> {
  const [cells = []] = await store().read([{ entity: view.entity, keys: ids.map((id) => [id]), views: [view] }]);
  expect(cells.map(([cell]) => cell)).toEqual(ids.map((id) => rowOf(writes[wins] as Stamp, wins, id)));
}

defineRule<Writes, OnlineWorld>(
  {
    rule: 14,
    open: world,
    async check(each, online) {
      const { name, writes } = each;
      const orders = permutations(writes.map((_, index) => index));
      const ids = orders.map((order) => `${name} ${order.join('')}`);
      for (const [at, order] of orders.entries()) {
        // Twice: what a queue or a crash repeats changes nothing.
        for (const index of [...order, ...order]) {
          await online.store(index).write(view, [rowOf(writes[index] as Stamp, index, ids[at] as string)]);
        }
      }
      await expectWinner(online, ids, each);

      const racing = Array.from({ length: 32 }, (_, round) => `${name}, at once, ${round}`);
      const counts = await Promise.all(
        racing.flatMap((id, round) =>
          writes.map((stamp, index) => online.store(index + round).write(view, [rowOf(stamp, index, id)])),
        ),
      );
      await expectWinner(online, racing, each);
      const counted = counts.reduce((sum, { applied, ignored }) => sum + applied + ignored, 0);
      expect(counted, 'writes that were counted').toBe(racing.length * writes.length);
    },
  },
  CASES,
);
