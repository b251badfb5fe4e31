/** What a caller who sees personal values masked reads: a mask stands for a stored value, and nothing that is brought tells what is stored. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bringsPersonal, disclosureOf, isMasked, withheldPlan } from '../../../src/core/compute/disclosure.js';
import { Mask } from '../../../src/core/compute/masking.js';
import { planOnDemand } from '../../../src/core/compute/on-demand.js';
import { columnCell, computeRow } from '../../../src/core/compute/on-demand-rows.js';
import type { Cell } from '../../../src/core/compute/status.js';
import { boolean, defineEntity, defineOnDemandView, input, string } from '../../../src/core/definitions/define.js';
import type { FeatureStatus, FeatureValue } from '../../../src/core/definitions/types.js';
import { refsOf, viewOf } from '../../offline/support.js';
import { onDemandOf, onDemandRefs } from '../../support/on-demand.js';
import { TABLES } from '../../support/tables.js';

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const said = { description: 'x' };
const personal = { ...said, tags: ['pii'] };
const either = (one: FeatureValue, other: FeatureValue): string | null => (one ?? other) as string | null;

const home = viewOf('home', 1, {
  entity: customer,
  features: { street: string(personal), city: string(said) },
  query: () => {
    throw new Error('never asked');
  },
});
/** Of stored values alone, then with what is brought. */
const letters = onDemandOf(
  'letters',
  defineOnDemandView({
    entity: customer,
    ...said,
    owner: 'x',
    request: {},
    inputs: { street: input('STRING', 'home@1:street') },
    features: { first: string(personal) },
    compute: ({ street }) => ({ first: street?.slice(0, 1) ?? null }),
  }),
  [home],
);
const meeting = onDemandOf(
  'meeting',
  defineOnDemandView({
    entity: customer,
    ...said,
    owner: 'x',
    request: { asked: string(personal), channel: string(said) },
    inputs: {
      street: input('STRING', 'home@1:street'),
      city: input('STRING', 'home@1:city'),
      first: input('STRING', 'letters@1:first'),
    },
    features: {
      own: string(personal),
      where: string(personal),
      stored: string(personal),
      filled: string(personal),
      same: boolean(personal),
      begins: string(personal),
      channel: string(said),
    },
    reads: {
      own: ['asked'],
      where: ['asked', 'city'],
      stored: ['street'],
      filled: ['asked', 'street'],
      same: ['asked', 'street'],
      begins: ['asked', 'first'],
      channel: ['channel'],
    },
    compute: ({ asked, channel, street, city, first }) => ({
      own: asked,
      where: `${asked} in ${city}`,
      stored: street,
      filled: either(street, asked),
      same: asked === street,
      begins: first !== null && asked?.startsWith(first) ? 'yes' : asked,
      channel,
    }),
  }),
  [home, letters],
);
/** Reads what is already of both. */
const chained = onDemandOf(
  'chained',
  defineOnDemandView({
    entity: customer,
    ...said,
    owner: 'x',
    request: {},
    inputs: { filled: input('STRING', 'meeting@1:filled') },
    features: { loud: string(personal) },
    compute: ({ filled }) => ({ loud: filled?.toUpperCase() ?? null }),
  }),
  [meeting],
);

const refs = [...refsOf(home), ...onDemandRefs(letters), ...onDemandRefs(meeting), ...onDemandRefs(chained)];
const named = (of: (ref: (typeof refs)[number]) => unknown) =>
  Object.fromEntries(refs.map((ref) => [`${ref.view.name}:${ref.feature.name}`, of(ref)]));

const stored = (street: string | null, city: string | null, status: FeatureStatus = 'PRESENT') =>
  new Map<string, Cell>([
    ['home@1:street', { value: street, status: street === null ? 'NULL' : status, eventTime: 5 }],
    ['home@1:city', { value: city, status: 'PRESENT', eventTime: 7 }],
  ]);

function cellsOf(held: ReadonlyMap<string, Cell>, asked: string | null, masked = true) {
  const planned = planOnDemand(refs);
  const plan = masked ? withheldPlan(planned) : planned;
  const at = (index: number) => held.get(plan.stored[index]?.reference as string) as Cell;
  const called = computeRow(plan, {
    request: (name) => (name === 'asked' ? asked : 'APP'),
    stored: at,
    stalePolicy: 'RETURN',
  });
  return new Map(plan.columns.map((column) => [column.ref.reference, columnCell(column, at, called)]));
}

describe('a caller who sees personal values masked', () => {
  it('reads masks of what is stored, and what it brings as it brought it', () => {
    expect(named(disclosureOf)).toEqual({
      'home:street': 'MASKED',
      'home:city': 'CLEAR',
      'letters:first': 'MASKED',
      'meeting:own': 'CLEAR',
      'meeting:where': 'CLEAR',
      'meeting:stored': 'MASKED',
      'meeting:filled': 'WITHHELD',
      'meeting:same': 'WITHHELD',
      'meeting:begins': 'WITHHELD',
      'meeting:channel': 'CLEAR',
      'chained:loud': 'WITHHELD',
    });
    expect(named(isMasked)).toMatchObject({ 'meeting:filled': false, 'meeting:same': true, 'chained:loud': false });
  });

  it('learns nothing of a stored personal value by what it brings, and never a mask of that', () => {
    const mask = new Mask(Buffer.alloc(32, 7), TABLES.personalColumns);
    const text = fc.option(fc.constantFrom('A', 'AB', 'Elm', 'Oak'), { nil: null });
    fc.assert(
      fc.property(text, text, text, (asked, one, other) => {
        const [here, there] = [cellsOf(stored(one, 'Wuhan'), asked), cellsOf(stored(other, 'Wuhan'), asked)];
        for (const ref of refs) {
          const cell = here.get(ref.reference) as Cell;
          if (disclosureOf(ref) === 'MASKED') continue;
          expect(cell).toEqual({ ...(there.get(ref.reference) as Cell), eventTime: cell.eventTime });
          const shown = isMasked(ref) ? mask.cell(cell, ref.feature.type) : cell;
          if (asked !== null) expect(shown.value).not.toBe(mask.text(asked));
        }
      }),
    );
  });

  it('reads a withheld value with the age of all its inputs', () => {
    const [masked, clear] = [true, false].map((way) => cellsOf(stored('Elm', 'Wuhan', 'STALE'), 'Oak', way));
    expect(clear?.get('meeting@1:filled')).toEqual({ value: 'Elm', status: 'STALE', eventTime: 5 });
    expect(masked?.get('meeting@1:filled')).toEqual({ value: 'Oak', status: 'STALE', eventTime: 5 });
    expect(masked?.get('meeting@1:where')).toMatchObject({ value: 'Oak in Wuhan', status: 'PRESENT' });
    expect(masked?.get('meeting@1:stored')?.value).toBe('Elm');
    expect(masked?.get('letters@1:first')?.value).toBe('E');
  });

  it.each([
    [{ customer_id: [], ip: [] }, true],
    [{ customer_id: [], asked: [] }, true],
    [{ customer_id: [], channel: [] }, false],
  ])('brings something personal with the spine %j: %s', (spine, brings) => {
    expect(bringsPersonal(spine, planOnDemand(onDemandRefs(meeting)), TABLES.personalColumns)).toBe(brings);
  });
});
