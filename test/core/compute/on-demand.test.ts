import { describe, expect, expectTypeOf, it } from 'vitest';
import { type OnDemandPlan, planOnDemand, readRequest } from '../../../src/core/compute/on-demand.js';
import { columnCell, computeRow, type RowInputs } from '../../../src/core/compute/on-demand-rows.js';
import type { Cell } from '../../../src/core/compute/status.js';
import { computedValue, isMisfit, writtenValue } from '../../../src/core/compute/typed-values.js';
import {
  array,
  boolean,
  date,
  decimal,
  defineEntity,
  defineOnDemandView,
  float32,
  float64,
  input,
  int32,
  int64,
  string,
  timestamp,
} from '../../../src/core/definitions/define.js';
import type { FeatureType, FeatureValue } from '../../../src/core/definitions/types.js';
import { RiskgraphError } from '../../../src/core/errors.js';
import { refsOf, viewOf } from '../../offline/support.js';
import { onDemandOf, onDemandRefs } from '../../support/on-demand.js';

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const said = { description: 'x' };
const profile = viewOf('profile', 1, {
  entity: customer,
  features: { income: decimal(said), months: array(int32(), said), age: int32(said) },
  query: () => {
    throw new Error('never asked');
  },
});

const affordability = onDemandOf(
  'affordability',
  defineOnDemandView({
    entity: customer,
    description: 'x',
    owner: 'x',
    request: { amount: decimal(said), when: date(said) },
    inputs: { income: input('DECIMAL', 'profile@1:income'), months: input('ARRAY<INT32>', 'profile@1:months') },
    features: { share: float64(said), seen: string(said) },
    compute: ({ amount, when, income, months }) => {
      expectTypeOf(amount).toEqualTypeOf<string | null>();
      expectTypeOf(when).toEqualTypeOf<string | null>();
      expectTypeOf(income).toEqualTypeOf<string | null>();
      expectTypeOf(months).toEqualTypeOf<readonly (number | null)[] | null>();
      return {
        share: amount === null ? null : Number(amount) / Number(income ?? 0),
        seen: JSON.stringify([amount, when, income, months]),
      };
    },
  }),
  [profile],
);

const errorOf = (body: () => unknown): RiskgraphError => {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(RiskgraphError);
    return error as RiskgraphError;
  }
  throw new Error('it did not fail');
};

/** A view that answers one value for one feature. */
const answering = (feature: ReturnType<typeof string> | { type: FeatureType; description: string }, value: unknown) =>
  onDemandOf(
    'answers',
    {
      entity: customer,
      description: 'x',
      owner: 'x',
      request: { amount: decimal(said) },
      inputs: {},
      features: { answer: feature },
      compute: () => ({ answer: value }),
    },
    [],
  );

const answerOf = (feature: Parameters<typeof answering>[0], value: unknown): FeatureValue => {
  const plan = planOnDemand(onDemandRefs(answering(feature, value)));
  return rowOf(plan, () => null, never).values[0] as FeatureValue;
};

/** What comes back for a row: values, statuses and the event time of the first column. */
function rowOf(
  plan: OnDemandPlan,
  request: RowInputs['request'],
  stored: RowInputs['stored'],
  stalePolicy: RowInputs['stalePolicy'] = 'RETURN',
) {
  const called = computeRow(plan, { request, stored, stalePolicy });
  const cells = plan.columns.map((column) => columnCell(column, stored, called));
  return {
    values: cells.map(({ value }) => value),
    statuses: cells.map(({ status }) => status),
    eventTime: cells[0]?.eventTime ?? null,
  };
}

const never = (): Cell => {
  throw new Error('nothing is stored');
};

describe('a plan', () => {
  it('reads what is asked for and what is computed from, each once, and answers in the order asked', () => {
    const refs = [...onDemandRefs(affordability, ['share']), ...refsOf(profile, ['age', 'income'])];
    const plan = planOnDemand(refs);
    expect(plan.stored.map(({ reference }) => reference)).toEqual([
      'profile@1:age',
      'profile@1:income',
      'profile@1:months',
    ]);
    expect(plan.columns.map(({ kind, ref }) => [kind, ref.reference])).toEqual([
      ['computed', 'affordability@1:share'],
      ['stored', 'profile@1:age'],
      ['stored', 'profile@1:income'],
    ]);
    expect(plan.calls.map(({ inputs }) => inputs)).toEqual([
      [
        { name: 'income', place: { kind: 'stored', at: 1 } },
        { name: 'months', place: { kind: 'stored', at: 2 } },
      ],
    ]);
    expect(plan.request.map(({ name, type, requiredBy: wantedBy }) => [name, type, wantedBy])).toEqual([
      ['amount', 'DECIMAL', ['affordability@1']],
      ['when', 'DATE', ['affordability@1']],
    ]);
    expect(plan.joinKeys).toEqual(['customer_id']);
  });

  it('leaves stored features as they are: nothing is computed and nothing wanted', () => {
    const plan = planOnDemand(refsOf(profile));
    expect(plan).toMatchObject({ calls: [], request: [] });
    expect(plan.stored).toEqual(refsOf(profile));
  });

  it('refuses one request input that two views want as different types, naming both', () => {
    const other = { ...answering(string(said), 'x'), id: 'other@1' };
    const origin = { ...other.origin, request: [{ name: 'amount', type: 'FLOAT64' as const, description: 'x' }] };
    const refs = [...onDemandRefs(affordability), ...onDemandRefs({ ...other, origin })];
    const { code, message } = errorOf(() => planOnDemand(refs));
    expect(code).toBe('BAD_USER_INPUT');
    expect(message).toBe("the request input 'amount' is DECIMAL for affordability@1 and FLOAT64 for other@1");
  });
});

describe('a request', () => {
  const plan = planOnDemand(onDemandRefs(affordability));

  it('is read by the declared types, null staying null', () => {
    const read = readRequest(plan, { amount: ['12.50', null, 7], when: ['2026-03-01', null, null] }, 3);
    expect(read.get('amount')).toEqual(['12.5', null, '7']);
    expect(read.get('when')).toEqual(['2026-03-01', null, null]);
  });

  it.each([
    [undefined, /`request` lacks amount DECIMAL \(for affordability@1\); when DATE \(for affordability@1\)$/],
    [{ amount: ['1', '2'] }, /`request` lacks when DATE \(for affordability@1\)$/],
    [{ amount: ['1', '2'], when: [null, null], colour: ['red', 'red'] }, /holds colour, which no feature asked for/],
    [{ amount: ['1'], when: [null, null] }, /`request\.amount` has 1 values for 2 rows/],
    [{ amount: '1', when: [null, null] }, /`request\.amount` is not a list/],
    [{ amount: ['1', 'a lot'], when: [null, null] }, /`?request\.amount\[1\] is not valid: DECIMAL is a decimal/],
    [{ amount: ['1', '2'], when: ['2026-02-30', null] }, /request\.when\[0\] is not valid: DATE is a day/],
  ])('%j of two rows is refused with the reason', (request, words) => {
    const { code, message } = errorOf(() => readRequest(plan, request as Record<string, unknown>, 2));
    expect(code).toBe('BAD_USER_INPUT');
    expect(message).toMatch(words);
  });

  it('holds coordinates of the globe: one in degrees is within the range of its name, at the door and not as null', () => {
    const at = {
      description: 'x',
      personal: false,
      requiredBy: ['place@1'],
      type: 'FLOAT64',
      unit: 'degrees',
    } as const;
    const place = { request: ['latitude', 'shop_longitude'].map((name) => ({ ...at, name })) };
    const read = (latitude: number, shop_longitude: number) =>
      readRequest(place, { latitude: [latitude], shop_longitude: [shop_longitude] }, 1).get('latitude');
    expect(read(-90, 180)).toEqual([-90]);
    expect(errorOf(() => read(95.5, 0)).message).toBe(
      'request.latitude[0] is not valid: a coordinate in degrees is -90 to 90',
    );
    expect(errorOf(() => read(0, -500)).message).toMatch(/shop_longitude\[0\] is not valid.*-180 to 180/);
    const score = { request: [{ ...at, name: 'latitude', unit: 'points' }] };
    expect(readRequest(score, { latitude: [95.5] }, 1).get('latitude')).toEqual([95.5]);
  });

  it('says no value of a request in an error', () => {
    const { message } = errorOf(() => readRequest(plan, { amount: ['secret'], when: [null] }, 1));
    expect(message).not.toContain('secret');
  });
});

describe('a row', () => {
  const plan = planOnDemand(onDemandRefs(affordability));
  const request = (name: string): FeatureValue => ({ amount: '500', when: null })[name] ?? null;
  const cells =
    (...given: Cell[]) =>
    (at: number): Cell =>
      given[at] as Cell;
  const present = (value: FeatureValue, eventTime = 1_000): Cell => ({ value, status: 'PRESENT', eventTime });
  const absent: Cell = { value: null, status: 'NOT_FOUND', eventTime: null };

  it('is computed from the request and the stored inputs, and happened when its oldest input did', () => {
    expect(rowOf(plan, request, cells(present('1000', 900), present([1, null], 800)))).toEqual({
      values: [0.5, '["500",null,"1000",[1,null]]'],
      statuses: ['PRESENT', 'PRESENT'],
      eventTime: 800,
    });
  });

  it('sees null where an input is not there, answers null for a number that is none, and has no time of its own', () => {
    expect(rowOf(plan, request, cells(absent, absent))).toEqual({
      values: [null, '["500",null,null,null]'],
      statuses: ['NULL', 'PRESENT'],
      eventTime: null,
    });
  });

  it('is STALE where one input is, whatever its value', () => {
    const stale: Cell = { value: '1000', status: 'STALE', eventTime: 700 };
    expect(rowOf(plan, request, cells(stale, present([])))).toMatchObject({
      values: [0.5, '["500",null,"1000",[]]'],
      statuses: ['STALE', 'STALE'],
      eventTime: 700,
    });
  });

  it('is ERROR and without a value where an input could not be read', () => {
    const failed: Cell = { value: null, status: 'ERROR', eventTime: null };
    expect(rowOf(plan, request, cells(failed, present([])))).toMatchObject({
      values: [null, null],
      statuses: ['ERROR', 'ERROR'],
    });
  });

  it('names the view whose function fails, and nothing of the row', () => {
    const origin = {
      ...affordability.origin,
      compute: () => {
        throw new Error('500 is too much');
      },
    };
    const { code, message } = errorOf(() =>
      rowOf(planOnDemand(onDemandRefs({ ...affordability, origin })), request, cells(absent, absent)),
    );
    expect([code, message]).toEqual(['INTERNAL', 'the function of affordability@1 failed on a row']);
  });
});

describe('what a function answers', () => {
  it.each([
    [string, 'a', 'a'],
    [string, '', ''],
    [boolean, false, false],
    [int32, -0, 0],
    [int32, Number.NaN, null],
    [int64, '9007199254740993', '9007199254740993'],
    [int64, '-007', '-7'],
    [float32, 0.1, Math.fround(0.1)],
    [float32, 1e300, null],
    [float64, Number.POSITIVE_INFINITY, null],
    [float64, -0, 0],
    [decimal, '12.500', '12.5'],
    [decimal, '-0.000000', '0'],
    [decimal, '0012', '12'],
    [date, '2024-02-29', '2024-02-29'],
    [timestamp, '2026-03-01T08:00:00+08:00', '2026-03-01T00:00:00.000Z'],
  ] as const)('%o takes %o as %o', (make, given, held) => {
    const value = answerOf(make(said), given);
    expect(Object.is(value, held)).toBe(true);
  });

  it.each([
    [string, 1],
    [string, undefined],
    [boolean, 1],
    [int32, 1.5],
    [int32, 2 ** 31],
    [int32, '1'],
    [int64, 1],
    [int64, '9223372036854775808'],
    [int64, '1.0'],
    [float64, '1'],
    [decimal, 12.5],
    [decimal, '1.0000001'],
    [decimal, '1e3'],
    [date, '2025-02-29'],
    [date, '1899-12-31'],
    [timestamp, '2026-03-01T08:00:00'],
  ] as const)('%o refuses %o as INTERNAL that names feature and function, without a cast', (make, given) => {
    const { code, message } = errorOf(() => answerOf(make(said), given));
    expect(code).toBe('INTERNAL');
    expect(message).toContain('the function of answers@1 answered answer wrongly');
  });

  it('pads a list to its length, and refuses a longer one and null in its place', () => {
    const three = array(int32(), { length: 3, pad: 0, description: 'x' });
    expect(answerOf(three, [7, null])).toEqual([7, null, 0]);
    expect(errorOf(() => answerOf(three, [1, 2, 3, 4])).message).toContain('more than its 3');
    expect(errorOf(() => answerOf(three, null)).message).toContain('this is null');
    expect(errorOf(() => answerOf(three, [1, 'two'])).message).toContain('ARRAY<INT32>');
  });
});

describe('what a caller writes', () => {
  it.each([
    ['INT64', 12, '12'],
    ['DECIMAL', 12.5, '12.5'],
    ['DECIMAL', 3, '3'],
    ['DECIMAL', 1234567890123.45, '1234567890123.45'],
    ['DECIMAL', 9007199254740991, '9007199254740991'],
    ['FLOAT64', 3, 3],
    ['ARRAY<DECIMAL>', [1, null, '2.50'], ['1', null, '2.5']],
    ['STRING', null, null],
  ] as const)('%s takes %j as %j', (type, given, held) => {
    expect(writtenValue(type, given)).toEqual(held);
  });

  it.each([
    ['INT64', 2 ** 60],
    ['DECIMAL', 1e-7],
    ['DECIMAL', 2 ** 70],
    // As a double it is that of 12345678901234.56789, and of others: which was written is lost.
    ['DECIMAL', 12345678901234.568],
    ['FLOAT64', '3'],
    ['STRING', 3],
    ['BOOLEAN', 'true'],
    ['ARRAY<INT32>', 3],
    ['INT32', [3]],
    ['STRING', { a: 1 }],
  ] as const)('%s refuses %j', (type, given) => {
    expect(isMisfit(writtenValue(type, given))).toBe(true);
  });

  it('is as strict for a computed value, which a number written for a text is not', () => {
    expect(isMisfit(computedValue({ type: 'DECIMAL' }, 3))).toBe(true);
  });
});
