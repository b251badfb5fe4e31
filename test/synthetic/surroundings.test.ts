import { beforeAll, describe, expect, it } from 'vitest';
import { identifierStatus, luhnValid } from '../../src/core/helpers/device-ids.js';
import { BusinessCalendar, HOUR } from '../../src/core/helpers/time.js';
import { Book } from '../../synthetic/book.js';
import type { Life } from '../../synthetic/life.js';
import type { Row } from '../../synthetic/rows.js';
import { lifeOf } from '../../synthetic/simulate.js';
import { referenceRows, SURROUNDING_TABLES, surroundingRows } from '../../synthetic/surroundings.js';
import { TABLES } from '../support/tables.js';

const calendar = new BusinessCalendar('Asia/Shanghai');
/** The fewest of which one public network has more than twenty. */
const CUSTOMERS = 4_600;
const makeBook = (options: { seed?: number; customers?: number } = {}): Book =>
  new Book({ seed: 7, endDate: '2026-03-16', customers: CUSTOMERS, calendar, ...options });

const share = <T>(all: readonly T[], of: (one: T) => boolean): number => all.filter(of).length / all.length;
const at = (row: Row, column: string): number => Date.parse(String(row[column]));
const hourOf = (row: Row): number => new Date(at(row, 'event_time') + 8 * HOUR).getUTCHours();

function groupBy<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

describe('what surrounds the loans of the synthetic portfolio', () => {
  const book = makeBook();
  const lives: Life[] = [];
  const all = new Map<string, Row[]>();
  const ring = new Set<string>();
  const rows = (table: (typeof SURROUNDING_TABLES)[number]): Row[] => all.get(table) ?? [];
  const ofRing = (row: Row): boolean => ring.has(String(row.customer_id));

  beforeAll(() => {
    for (const table of SURROUNDING_TABLES) all.set(table, []);
    for (let index = 0; index < CUSTOMERS; index++) {
      const life = lifeOf(book, index);
      lives.push(life);
      if (life.person.ring) ring.add(life.person.id);
      for (const [table, made] of Object.entries(surroundingRows(book, life))) all.get(table)?.push(...made);
    }
  });

  describe('the tables', () => {
    it('hold only columns of the lending schema, all that are required, and each key once', () => {
      for (const [name, made] of [...all, ...Object.entries(referenceRows())]) {
        const table = TABLES.find(name);
        const known = new Set([...(table?.columns ?? []).map((column) => column.name), 'ingested_at']);
        const required = (table?.columns ?? []).filter((column) => column.required).map((column) => column.name);
        expect(made.length, name).toBeGreaterThan(0);
        expect([...new Set(made.flatMap((row) => Object.keys(row)).filter((column) => !known.has(column)))]).toEqual(
          [],
        );
        expect(made.filter((row) => required.some((column) => row[column] === undefined))).toEqual([]);
        const keys = made.map((row) => (table?.key ?? []).map((column) => row[column]).join(' '));
        expect(new Set(keys).size, name).toBe(keys.length);
      }
    });

    it('hold only values that their columns allow', () => {
      for (const [name, made] of all) {
        for (const column of TABLES.find(name)?.columns ?? []) {
          const { values } = column;
          if (!values) continue;
          const given = new Set(made.map((row) => row[column.name]).filter((value) => value !== undefined));
          expect(
            [...given].filter((value) => !values.includes(String(value))),
            `${name}.${column.name}`,
          ).toEqual([]);
        }
      }
    });

    it('tell of nothing after the end date', () => {
      const horizon = book.horizon;
      for (const [name, made] of all) {
        const instants = (TABLES.find(name)?.columns ?? []).filter((column) => column.type === 'Instant');
        for (const { name: column } of [...instants, { name: 'ingested_at' }]) {
          expect(
            made.filter((row) => row[column] !== undefined && at(row, column) > horizon),
            `${name}.${column}`,
          ).toEqual([]);
        }
      }
    });

    it('are the same in any order of asking, and others for another seed', () => {
      const twice = [3, 1_200, 41].map((index) =>
        JSON.stringify(surroundingRows(makeBook(), lifeOf(makeBook(), index))),
      );
      const again = makeBook();
      const backwards = [41, 1_200, 3].map((index) => JSON.stringify(surroundingRows(again, lifeOf(again, index))));
      expect(backwards.reverse()).toEqual(twice);
      const other = makeBook({ seed: 8 });
      expect(JSON.stringify(surroundingRows(other, lifeOf(other, 3)))).not.toBe(twice[0]);
    });

    it('stay of a size that a laptop loads', () => {
      expect(rows('events').length / CUSTOMERS).toBeGreaterThan(15);
      expect(rows('events').length / CUSTOMERS).toBeLessThan(35);
    });
  });

  describe('phones', () => {
    const phones = (): Map<string, Row[]> => groupBy(rows('device_sightings'), (row) => String(row.device_id));
    const users = (sightings: readonly Row[]): number => new Set(sightings.map((row) => row.customer_id)).size;

    it('are shared by two customers in two of a hundred cases, and hardly ever by five', () => {
      const sharing = [...phones().values()].map(users);
      expect(share(sharing, (count) => count >= 2)).toBeGreaterThan(0.01);
      expect(share(sharing, (count) => count >= 2)).toBeLessThan(0.04);
      expect(share(sharing, (count) => count >= 5)).toBeLessThan(0.001);
    });

    it('say what phones of today say of themselves', () => {
      const honest = [...phones().values()].map((sightings) => sightings[0] as Row).filter((row) => !ofRing(row));
      const android = honest.filter((row) => row.os === 'Android');
      const newer = android.filter((row) => Number(row.os_version) >= 10);
      const apple = honest.filter((row) => row.os === 'iOS');
      expect(share(newer, (row) => row.imei === undefined)).toBeGreaterThan(0.85);
      expect(share(apple, (row) => /^[0-]+$/.test(String(row.idfa)))).toBeCloseTo(0.68, 1);
      expect(share(android, (row) => row.oaid !== undefined)).toBeCloseTo(0.85, 1);
      expect(share(android, (row) => row.gaid !== undefined)).toBeLessThan(0.1);
      expect(share(honest, (row) => row.is_emulator === 1)).toBeLessThan(0.005);
      const imeis = honest.map((row) => row.imei).filter((imei) => imei !== undefined);
      expect(share(imeis, (imei) => !luhnValid(String(imei)))).toBeLessThan(0.015);
      expect(android.some((row) => identifierStatus('android_id', String(row.android_id)) === 'NULL_LIKE')).toBe(true);
    });

    it('of rings are forged: emulators, wrong check digits, hooks', () => {
      const forged = [...phones().values()].map((sightings) => sightings[0] as Row).filter(ofRing);
      expect(share(forged, (row) => row.is_emulator === 1)).toBeGreaterThan(0.08);
      expect(share(forged, (row) => (row.flags as string[]).length > 0)).toBeGreaterThan(0.3);
    });

    it('are bought anew in the course of the years', () => {
      const mine = groupBy(rows('device_sightings'), (row) => String(row.customer_id));
      const several = share([...mine.values()], (sightings) => new Set(sightings.map((row) => row.device_id)).size > 1);
      expect(several).toBeGreaterThan(0.05);
      expect(several).toBeLessThan(0.4);
    });
  });

  describe('links', () => {
    const STRONG = new Set(['DEVICE', 'PHONE', 'CONTACT_PHONE', 'BANK_CARD', 'PAYEE_ACCOUNT', 'ADDRESS', 'WIFI']);
    const SUPERNODE = 20;

    /** Customers by the component that strong identifiers put them in. */
    function components(): Map<string, string[]> {
      const parent = new Map<string, string>();
      const find = (one: string): string => {
        const above = parent.get(one) ?? one;
        if (above === one) return one;
        const top = find(above);
        parent.set(one, top);
        return top;
      };
      const nodes = new Map<string, Set<string>>();
      for (const row of rows('identifier_links')) {
        const type = String(row.identifier_type);
        if (!STRONG.has(type)) continue;
        const node = `${type.endsWith('PHONE') ? 'PHONE' : type} ${row.identifier}`;
        nodes.set(node, (nodes.get(node) ?? new Set()).add(String(row.customer_id)));
      }
      for (const [first, ...others] of nodes.values()) {
        if (others.length >= SUPERNODE) continue;
        for (const other of others) parent.set(find(other), find(first as string));
      }
      return groupBy(
        lives.map(({ person }) => person.id),
        find,
      );
    }

    it('hold rings together so that most members are found and never all', () => {
      const found = [...components().values()].filter((members) => members.length >= 4).flat();
      const recall = found.filter((id) => ring.has(id)).length / ring.size;
      expect(recall).toBeGreaterThan(0.7);
      expect(recall).toBeLessThan(0.95);
    });

    it('of honest families mostly end with two or three people', () => {
      const sizes = [...components().values()].filter((members) => !members.some((id) => ring.has(id)));
      const linked = sizes.filter((members) => members.length >= 2).flat();
      const crowded = sizes.filter((members) => members.length >= 4).flat();
      expect(linked.length / CUSTOMERS).toBeGreaterThan(0.08);
      expect(crowded.length).toBeGreaterThan(0);
      expect(crowded.length / linked.length).toBeLessThan(0.15);
    });

    it('show one network that everyone uses, and none of it is proof', () => {
      const wifi = groupBy(
        rows('identifier_links').filter((row) => row.identifier_type === 'WIFI' && !ofRing(row)),
        (row) => String(row.identifier),
      );
      const crowds = [...wifi.values()].filter((users) => users.length > SUPERNODE);
      expect(crowds.length).toBe(1);
      expect(crowds.flat().length / CUSTOMERS).toBeLessThan(0.006);
    });

    it('name a contact by the node that is another customer’s own phone', () => {
      const own = new Map(
        rows('identifier_links')
          .filter((row) => row.identifier_type === 'PHONE')
          .map((row) => [row.identifier, row.customer_id]),
      );
      const named = rows('identifier_links').filter((row) => row.identifier_type === 'CONTACT_PHONE');
      const known = named.filter((row) => own.has(row.identifier) && own.get(row.identifier) !== row.customer_id);
      expect(known.length / named.length).toBeGreaterThan(0.01);
      expect(known.length / named.length).toBeLessThan(0.15);
      expect(lives.every(({ person }) => own.get(person.row.phone_hash) === person.id)).toBe(true);
    });
  });

  describe('the app', () => {
    const sessions = (): Row[] => rows('events').filter((row) => row.event_type === 'LOGIN');

    it('is opened by strangers of whom nothing but a phone is known', () => {
      const opens = rows('events').filter((row) => row.event_type === 'OPEN');
      expect(share(opens, (row) => row.customer_id !== undefined)).toBeCloseTo(0.45, 1);
      const registered = new Set(
        rows('events')
          .filter((row) => row.customer_id)
          .map((row) => row.device_id),
      );
      expect(opens.filter((row) => !row.customer_id && registered.has(row.device_id))).toEqual([]);
    });

    it('knows whose open it was only from the registration on', () => {
      const opens = rows('events').filter((row) => row.event_type === 'OPEN' && row.customer_id);
      const registered = new Map(lives.map(({ person, journey }) => [person.id, journey.registeredAt]));
      expect(opens.every((row) => at(row, 'ingested_at') === registered.get(String(row.customer_id)))).toBe(true);
    });

    it('is used in the morning and in the evening, and by rings at night', () => {
      const honest = sessions().filter((row) => !ofRing(row));
      const ofHours = (from: number, to: number) =>
        share(honest, (row) => hourOf(row) >= from && hourOf(row) < to) / (to - from);
      expect(ofHours(10, 12)).toBeGreaterThan(2 * ofHours(13, 20));
      expect(ofHours(20, 22)).toBeGreaterThan(2 * ofHours(13, 20));
      expect(share(honest, (row) => hourOf(row) < 5)).toBeGreaterThan(0.025);
      expect(share(honest, (row) => hourOf(row) < 5)).toBeLessThan(0.06);
      expect(share(sessions().filter(ofRing), (row) => hourOf(row) < 5)).toBeGreaterThan(0.15);
    });

    it('shows strain: more visits, by night, to the pages of repayment and credit', () => {
      const strained = (row: Row): boolean => {
        const life = lives[Number(String(row.customer_id).slice(1)) - 1] as Life;
        const month = book.monthOf(book.local.dayOf(at(row, 'event_time')));
        return (life.strain[month] ?? 0) > 1;
      };
      const views = rows('events').filter((row) => row.event_type === 'PAGE_VIEW' && !ofRing(row));
      const [hard, easy] = [views.filter(strained), views.filter((row) => !strained(row))];
      const looksAt = (pages: readonly unknown[]) => (row: Row) => pages.includes(row.page);
      expect(share(hard, looksAt(['REPAYMENT', 'CREDIT']))).toBeGreaterThan(
        1.15 * share(easy, looksAt(['REPAYMENT', 'CREDIT'])),
      );
      expect(share(hard, looksAt(['CREDIT']))).toBeLessThan(0.4);
      const logins = sessions().filter((row) => !ofRing(row));
      const byNight = (of: readonly Row[]) => share(of, (row) => hourOf(row) < 5);
      expect(byNight(logins.filter(strained))).toBeGreaterThan(1.2 * byNight(logins.filter((row) => !strained(row))));
    });

    it('has forms that people fill in in two minutes and machines in seconds', () => {
      const forms = rows('events').filter((row) => row.event_type === 'FILL');
      const seconds = forms.map((row) => Number(row.dwell_ms) / 1_000).sort((one, other) => one - other);
      expect(seconds[Math.floor(seconds.length / 2)]).toBeGreaterThan(95);
      expect(seconds[Math.floor(seconds.length / 2)]).toBeLessThan(140);
      const fast = (row: Row) => Number(row.dwell_ms) < 15_000;
      expect(share(forms.filter(ofRing), fast)).toBeGreaterThan(0.25);
      expect(
        share(
          forms.filter((row) => !ofRing(row)),
          fast,
        ),
      ).toBeLessThan(0.01);
    });

    it('reaches us through carriers’ shared addresses three times in ten', () => {
      expect(share(sessions(), (row) => /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(String(row.ip)))).toBeCloseTo(
        0.3,
        1,
      );
    });
  });
});
