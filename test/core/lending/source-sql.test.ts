import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, type Sql, sql } from '../../../src/core/definitions/sql.js';
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import { sourceSelect } from '../../../src/core/lending/source-sql.js';
import { keyFilterOf } from '../../../src/core/lending/source-where.js';
import { NOW, openSources, type Sources } from '../../sources/support.js';
import { TABLES } from '../../support/tables.js';

let sources: Sources;
beforeAll(async () => {
  sources = await openSources();
});
afterAll(() => sources.close());

const ZONES = ['Asia/Shanghai', 'America/Sao_Paulo', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'UTC'];
const instant = (ms: number) => sql`fromUnixTimestamp64Milli(${ms}, 'UTC')`;

const read = async (
  table: string,
  options: { knowledge: number; asOf: number | null; timezone?: string },
  tail = '',
) => {
  const { knowledge, asOf, timezone = 'Asia/Shanghai' } = options;
  const select = sourceSelect(TABLES.get(table), {
    asOf: asOf === null ? null : instant(asOf),
    knowledge: instant(knowledge),
    timezone,
  });
  const { query, params } = sql`SELECT * FROM ${select} AS t`.render();
  return sources.rows<Record<string, string>>(`${query} ${tail}`, { ...params });
};

describe('the event time of a day', () => {
  it('is its last millisecond in the portfolio’s zone, also where the day has 23, 23.5 or 25 hours or begins at one (rule 3)', async () => {
    // Days of change in the zones above, their neighbours, and ordinary ones.
    const days = [
      '2018-11-03',
      '2018-11-04',
      '2018-02-17',
      '2018-02-18',
      '2024-03-09',
      '2024-03-10',
      '2024-11-02',
      '2024-11-03',
      '2024-04-06',
      '2024-04-07',
      '2024-10-05',
      '2024-10-06',
      '2024-04-25',
      '2024-04-26',
      '2024-10-31',
      '2024-12-31',
      '2024-02-28',
      '2024-02-29',
    ];
    const rows = days.map((day) => `${day},card,1`);
    await sources.load('provisions', `as_of,product,amount\n${rows.join('\n')}\n`);
    for (const timezone of ZONES) {
      const calendar = new BusinessCalendar(timezone);
      const known = await read('provisions', { knowledge: NOW, asOf: null, timezone }, 'ORDER BY as_of');
      expect(known).toHaveLength(days.length);
      for (const row of known) {
        const end = new Date(calendar.endOfDay(row.as_of as string)).toISOString().replace('T', ' ').slice(0, -1);
        expect(row.event_time, `${row.as_of} in ${timezone}`).toBe(end);
      }
      for (const day of days) {
        const end = calendar.endOfDay(day);
        const at = (asOf: number) => read('provisions', { knowledge: NOW, asOf, timezone }, `WHERE as_of = '${day}'`);
        expect(await at(end), `${day} in ${timezone}, at its end`).toHaveLength(1);
        expect(await at(end - 1), `${day} in ${timezone}, before its end`).toHaveLength(0);
      }
    }
  });

  it('of a month is the end of its last day', async () => {
    await sources.load('costs', 'month,product,channel,kind,amount\n2024-02-01,card,app,DATA,1\n');
    const end = new BusinessCalendar('Asia/Shanghai').endOfDay('2024-02-29');
    expect(await read('costs', { knowledge: NOW, asOf: end })).toMatchObject([
      { event_time: '2024-02-29 15:59:59.999' },
    ]);
    expect(await read('costs', { knowledge: NOW, asOf: end - 1 })).toEqual([]);
  });
});

/**
 * What was known, told by brute force and from the contract alone. A row that says of its time what was said of it before is a repetition: what a
 * version of that time says, or, where there is one, what was told right before that time, by the file itself where it speaks of it. Of the
 * other rows of a time, the last is a version where it changes what holds, and those before it are. A key's version at an instant is the last one
 * ingested by then.
 */
interface Version {
  readonly key: string;
  readonly value: string;
  readonly happened: number;
  readonly ingested: number;
  readonly deleted: boolean;
  /** It has no time of its own: it is known when it is written. */
  readonly written: boolean;
}

class Told {
  private readonly versions: Version[] = [];

  /** @returns how many of the file's rows are versions, and how many a later line replaced */
  hear(lines: readonly Version[]): { readonly accepted: number; readonly rejected: number } {
    const last = new Map(lines.filter(({ written }) => written).map((row) => [row.key, row]));
    const replaced = lines.filter((row) => row.written && !sameContent(row, last.get(row.key) as Version));
    const file = lines
      .filter((row) => !row.written || row === last.get(row.key))
      .sort((a, b) => a.ingested - b.ingested || Number(a.written) - Number(b.written));
    const earlier = [...this.versions];
    const fresh = file.filter((row, at) => {
      const heard = file.filter((one, index) => index < at || one.written);
      return row.written || !repeats(row, { earlier, heard, file });
    });
    for (const [at, row] of fresh.entries()) {
      const held = inForce(this.versions, row.key, row.ingested);
      const corrected = fresh.slice(at + 1).some((one) => sameTime(one, row));
      if (corrected || !held || !sameContent(held, row)) this.versions.push(row);
    }
    return { accepted: this.versions.length - earlier.length, rejected: replaced.length };
  }

  known(knowledge: number, asOf: number | null): Map<string, string> {
    const keys = [...new Set(this.versions.map(({ key }) => key))].sort();
    return new Map(
      keys.flatMap((key) => {
        const row = inForce(this.versions, key, knowledge);
        const visible = row && !row.deleted && (asOf === null || row.happened <= asOf);
        return visible ? [[key, row.value] as const] : [];
      }),
    );
  }
}

/** Later in the list is later told. */
function inForce(versions: readonly Version[], key: string, at: number): Version | undefined {
  let best: Version | undefined;
  for (const row of versions) {
    if (row.key === key && row.ingested <= at && (!best || row.ingested >= best.ingested)) best = row;
  }
  return best;
}

interface Heard {
  readonly earlier: readonly Version[];
  /** The rows of the file before this one, and those that are known when written: they come last. */
  readonly heard: readonly Version[];
  readonly file: readonly Version[];
}

function repeats(row: Version, { earlier, heard, file }: Heard): boolean {
  const then = earlier.filter((one) => sameTime(one, row));
  const before = then.length > 0 ? inForce([...earlier, ...file], row.key, row.ingested - 1) : undefined;
  const said = [...then, ...(before ? [before] : []), ...heard.filter((one) => sameTime(one, row))];
  return said.some((one) => sameContent(one, row));
}

const sameTime = (a: Version, b: Version): boolean => a.key === b.key && a.ingested === b.ingested;
const sameContent = (a: Version, b: Version): boolean =>
  a.deleted === b.deleted && (a.deleted || (a.value === b.value && a.happened === b.happened));

const HOUR = 3_600_000;
const START = Date.UTC(2024, 0, 1);
const iso = (ms: number) => new Date(ms).toISOString();

const versionsOf = (keys: number, happened: readonly number[]) =>
  fc.record({
    key: fc.nat(keys - 1).map((key) => `k${key}`),
    value: fc.constantFrom('x', 'y'),
    happened: fc.constantFrom(...happened),
    /** Null: the import's own time, or when the row could be known. */
    ingested: fc.option(fc.integer({ min: 0, max: 8 }), { nil: null }),
    deleted: fc.nat(3).map((one) => one === 0),
  });
const versions = versionsOf(30, [0, 1, 2, 3, 4, 5]);

interface Brought {
  readonly rows: readonly (Omit<Version, 'ingested' | 'written'> & { readonly ingested: number | null })[];
  readonly history: boolean;
  /** It is sent twice. */
  readonly again: boolean;
}

/** Few keys and contents, so that files meet at the same instants; a time that happens after a file comes is known when it is written. */
const files: fc.Arbitrary<Brought[]> = fc.array(
  fc.record({
    rows: fc.array(versionsOf(8, [0, 3, 7]), { minLength: 15, maxLength: 45 }),
    history: fc.boolean(),
    again: fc.boolean(),
  }),
  { minLength: 2, maxLength: 4 },
);

/** One key, of a file for each text: `x4` says x of hour 4, `-4` deletes it then, `x` says x when it is written. */
const sent = (...texts: string[]): [Brought[]] => [
  texts.map((text) => ({
    rows: text.split(' ').map(([value, ...hour]) => ({
      key: 'k',
      value: value as string,
      happened: 0,
      ingested: hour.length === 0 ? null : Number(hour.join('')),
      deleted: value === '-',
    })),
    history: false,
    again: true,
  })),
];

describe('a source', () => {
  it('is what was told by then, whatever order versions came in', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (brought) => {
        await sources.run('TRUNCATE TABLE customers');
        await sources.run('TRUNCATE TABLE source_clock');
        const told = new Told();
        for (const [index, { rows, history, again }] of brought.entries()) {
          const now = START + (6 + index) * HOUR;
          // A version may not come from the future.
          const usable = rows.filter(({ ingested }) => ingested === null || START + ingested * HOUR <= now);
          const file = usable.map(({ key, value, deleted, happened, ingested }) => {
            const without = history ? Math.min(START + happened * HOUR, now) : now;
            return {
              key,
              value,
              deleted,
              happened: START + happened * HOUR,
              ingested: ingested === null ? without : START + ingested * HOUR,
              written: ingested === null && without >= now,
            };
          });
          const lines = usable.map(({ ingested }, at) => {
            const { key, happened, value, deleted } = file[at] as Version;
            const given = ingested === null ? '' : iso(START + ingested * HOUR);
            return `${key},${iso(happened)},${value},${deleted ? 1 : 0},${given}`;
          });
          const body = `customer_id,registered_at,city,deleted,ingested_at\n${lines.join('\n')}\n`;
          const { accepted, rejected } = told.hear(file);
          const counts = { accepted, duplicates: usable.length - accepted - rejected, rejected };
          expect(await sources.load('customers', body, { history, now })).toMatchObject(counts);
          if (again) expect(await sources.load('customers', body, { history, now })).toMatchObject({ accepted: 0 });
        }
        const asked = [null, START + 2 * HOUR, START + 4 * HOUR - 1].flatMap((asOf) =>
          Array.from({ length: 11 }, (_, hour) => ({ asOf, knowledge: START + hour * HOUR })),
        );
        const selects = asked.map(({ asOf, knowledge }, at) => {
          const options = {
            asOf: asOf === null ? null : instant(asOf),
            knowledge: instant(knowledge),
            timezone: 'UTC',
          };
          return sql`SELECT toUInt8(${at}) AS at, customer_id, city FROM ${sourceSelect(TABLES.get('customers'), options)}`;
        });
        const { query, params } = join(selects, ' UNION ALL ').render();
        const known = await sources.rows<{ at: number; customer_id: string; city: string }>(query, { ...params });
        for (const [at, { asOf, knowledge }] of asked.entries()) {
          const got = known.filter((row) => row.at === at).map((row) => [row.customer_id, row.city]);
          const hour = (knowledge - START) / HOUR;
          expect(got.sort(), `known at ${hour}, as of ${asOf}`).toEqual([...told.known(knowledge, asOf)]);
        }
      }),
      {
        numRuns: 17,
        // A failure is said before the test ends, however far it is shrunk by then.
        interruptAfterTimeLimit: 60_000,
        examples: [
          sent('-0 y4', 'x1 -4 y7'),
          sent('x3 y5', 'z4 x5', 'x3 y5', 'x5'),
          sent('x1', 'x3 y3', 'x3', 'z2'),
          sent('x1 y6 x', 'x6 y', 'y6 x6'),
          sent('x1', 'y7 x7 x', 'x8 y8 x8 y'),
        ],
      },
    );
  }, 120_000);

  it('gives the same rows whether a condition is put on it or on the result', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(versions, { minLength: 30, maxLength: 90 }), async (rows) => {
        await sources.run('TRUNCATE TABLE device_sightings');
        const lines = rows.map(
          (row) =>
            `${row.key},d,${iso(START + row.happened * HOUR)},${row.value},${row.deleted ? 1 : 0},${iso(START + (row.ingested ?? 0) * HOUR)}`,
        );
        await sources.load(
          'device_sightings',
          `customer_id,device_id,seen_at,brand,deleted,ingested_at\n${lines.join('\n')}\n`,
        );
        const at = { knowledge: START + 9 * HOUR, asOf: START + 4 * HOUR };
        const all = await read('device_sightings', at, 'ORDER BY ALL');
        expect(await read('device_sightings', at, "WHERE brand = 'x' ORDER BY ALL")).toEqual(
          all.filter((row) => row.brand === 'x'),
        );
        expect(await read('device_sightings', at, "WHERE customer_id = 'k7' ORDER BY ALL")).toEqual(
          all.filter((row) => row.customer_id === 'k7'),
        );
        const seen = "WHERE seen_at > '2024-01-01 01:00:00.000' ORDER BY ALL";
        expect(await read('device_sightings', at, seen)).toEqual(
          all.filter((row) => (row.seen_at as string) > '2024-01-01 01:00:00.000'),
        );
        const early = "WHERE ingested_at <= '2024-01-01 02:00:00.000' ORDER BY ALL";
        expect(await read('device_sightings', at, early)).toEqual(
          all.filter((row) => (row.ingested_at as string) <= '2024-01-01 02:00:00.000'),
        );
      }),
      { numRuns: 8 },
    );
  }, 600_000);

  it('narrowed by a condition on its key is what the condition leaves of it', async () => {
    const conditions = [
      sql`seen_at > ${instant(START + 2 * HOUR)} AND seen_at <= ${instant(START + 3 * HOUR)}`,
      sql`customer_id IN ('k1', ${'k2'}) OR NOT startsWith(\`customer_id\`, ${'k1'})`,
      sql`toStartOfDay(seen_at) + INTERVAL 3 HOUR > seen_at`,
    ];
    const sizes = conditions.map(() => 0);
    const seed = Math.floor(Math.random() * 2 ** 31);
    for (const rows of fc.sample(fc.array(versions, { minLength: 60, maxLength: 90 }), { numRuns: 3, seed })) {
      await sources.run('TRUNCATE TABLE device_sightings');
      const lines = rows.map(
        (row) =>
          `${row.key},d,${iso(START + row.happened * HOUR)},${row.value},${row.deleted ? 1 : 0},${iso(START + (row.ingested ?? 0) * HOUR)}`,
      );
      const header = 'customer_id,device_id,seen_at,brand,deleted,ingested_at';
      await sources.load('device_sightings', `${header}\n${lines.join('\n')}\n`);
      const at = { knowledge: instant(START + 9 * HOUR), asOf: instant(START + 4 * HOUR), timezone: 'UTC' };
      const rowsOf = (select: Sql) => {
        const { query, params } = sql`SELECT * FROM ${select} ORDER BY ALL`.render();
        return sources.rows(query, { ...params });
      };
      for (const [index, where] of conditions.entries()) {
        const narrowed = { ...at, keyFilter: keyFilterOf(TABLES.get('device_sightings'), where) };
        const inside = await rowsOf(sourceSelect(TABLES.get('device_sightings'), narrowed));
        expect(inside, `seed ${seed}`).toEqual(
          await rowsOf(sql`(SELECT * FROM ${sourceSelect(TABLES.get('device_sightings'), at)} WHERE ${where})`),
        );
        sizes[index] = (sizes[index] ?? 0) + inside.length;
      }
    }
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  it.each([
    ['a column that is not of the key', sql`seen_at > ${1} AND brand = 'x'`, /names 'brand'/],
    ['the version itself', sql`ingested_at < ${1}`, /names 'ingested_at'/],
    ['a column under its table', sql`v.brand = ${'x'}`, /names 'v'/],
    ['a quoted name', sql`\`brand\` = 'x'`, /names 'brand'/],
    ['a subquery', sql`customer_id IN (SELECT ${'x'})`, /names 'SELECT'/],
    ['chance', sql`customer_id = 'x' OR rand() > 5`, /names 'rand'/],
    ['the clock', sql`seen_at < now()`, /names 'now'/],
    ['nothing of the key', sql`1 = ${1}`, /names no key column/],
    ['brackets that let it out', sql`customer_id = 'x') OR (1 = 1`, /closes a bracket/],
    ['a second statement', sql`customer_id = 'x'; customer_id`, /has '; customer_id'/],
  ])('is not narrowed by %s', (_, where, reason) => {
    expect(() => keyFilterOf(TABLES.get('device_sightings'), where)).toThrow(reason);
  });

  it('is refused by name where there is no such table', () => {
    expect(() => sourceSelect(TABLES.get('clients'), { asOf: null, knowledge: instant(0), timezone: 'UTC' })).toThrow(
      /no source table 'clients'/,
    );
  });
});
