/** Builds facts and indicators from their files, and reports everything that is wrong with them. */
import { FUNNEL_DAYS, funnelEntries, peopleAt } from '../core/compute/funnel.js';
import type { FactSpec } from '../core/definitions/define-fact.js';
import type {
  CumulativeMeasure,
  IndicatorDimension,
  IndicatorShape,
  IndicatorSpec,
  MeasuredIndicatorSpec,
  MeasureReference,
  QueriedIndicatorSpec,
} from '../core/definitions/define-indicator.js';
import type { Fact, FactRows, Indicator, IndicatorPart } from '../core/definitions/definitions.js';
import { raw, sql } from '../core/definitions/sql.js';
import type { SourceTables } from '../core/lending/sources.js';
import { checkRawTables, type Report } from './check.js';
import type { DefinitionFile } from './scan.js';

const NAME = /^[a-z][a-z0-9_]*$/;
/** Sums and counts of parts add up to those of the whole. */
const ADDITIVE = /^(?:sum|sumIf|count|countIf)\(/;
const REFERENCE = /^([a-z][a-z0-9_]*@[1-9]\d*):([a-z][a-z0-9_]*)$/;
/** A column as it is, or its text. */
const BARE = /^(?:toString\()?\s*(\w+)\s*\)?$/;

const identityOf = ({ name, version, id, file }: DefinitionFile) => ({ name, version, id, file });

/** @returns null where its rows cannot be read */
export function checkFact(
  item: DefinitionFile,
  spec: FactSpec,
  tables: SourceTables,
  refuse: Report,
): Omit<Fact, 'hash'> | null {
  const [report, isGood] = noting(refuse);
  const { description, owner, grain, measures = {} } = spec;
  for (const [what, text] of Object.entries({ description, owner, grain })) if (!text) report(`has no ${what}`);
  if (Object.keys(measures).length === 0) report('has no measures');
  for (const [name, measure] of Object.entries(measures)) {
    if (!NAME.test(name)) report(`measure ${name}: the name must be snake_case`);
    for (const what of ['expression', 'description', 'unit'] as const) {
      if (!measure?.[what]) report(`measure ${name}: has no ${what}`);
    }
  }
  const rows = rowsOf(spec, tables, report);
  return isGood() && rows ? { ...identityOf(item), ...rows, description, owner, grain, measures } : null;
}

/** @returns null where it cannot be computed */
export function checkIndicator(
  item: DefinitionFile,
  spec: IndicatorSpec,
  { tables, facts }: { readonly tables: SourceTables; readonly facts: ReadonlyMap<string, Fact> },
  refuse: Report,
): Omit<Indicator, 'hash'> | null {
  const [report, isGood] = noting(refuse);
  const { domain, description, owner, unit, term, formula, direction, pitfalls } = spec;
  for (const [what, text] of Object.entries({ domain, description, owner, unit })) if (!text) report(`has no ${what}`);
  const parts = 'value' in spec ? measured(spec, facts, report) : queried(spec, tables, report);
  if (!isGood() || parts === null) return null;
  const { numerator, denominator } = parts;
  const all = [numerator.rows, ...(denominator ? [denominator.rows] : [])];
  return {
    ...identityOf(item),
    domain,
    description,
    owner,
    unit,
    ...(term !== undefined && { term }),
    ...(formula !== undefined && { formula }),
    ...(direction !== undefined && { direction }),
    ...(pitfalls !== undefined && { pitfalls }),
    ...parts,
    stock: numerator.rows.stock,
    finestGrain: all.some(({ finestGrain }) => finestGrain === 'MONTH') ? 'MONTH' : 'DAY',
    dimensions: sharedDimensions(all),
    sources: [...new Set(all.flatMap(({ sources }) => sources))].sort(),
  };
}

type Parts = Pick<Indicator, 'numerator' | 'denominator' | 'spread' | 'funnel' | 'shape' | 'facts'>;

function queried(spec: QueriedIndicatorSpec, tables: SourceTables, report: Report): Parts | null {
  const rows = rowsOf(spec, tables, report);
  if (!rows) return null;
  const part = (expression: string): IndicatorPart => ({ rows, expression, matures: null, cumulative: false });
  return {
    numerator: part(spec.numerator),
    denominator: spec.denominator === undefined ? null : part(spec.denominator),
    spread: null,
    funnel: null,
    shape: null,
    facts: [],
  };
}

function measured(
  { value: shape }: MeasuredIndicatorSpec,
  facts: ReadonlyMap<string, Fact>,
  report: Report,
): Parts | null {
  if (shape.kind === 'funnel') return funneled(shape, facts, report);
  const used = new Set<string>();
  const part = (measure: MeasureReference | CumulativeMeasure): IndicatorPart | null => {
    const reference = typeof measure === 'string' ? measure : measure?.cumulative;
    const [, id, name] = REFERENCE.exec(reference ?? '') ?? [];
    if (!id || !name) {
      report(`'${reference}' is not a measure; write fact@version:measure`);
      return null;
    }
    const fact = facts.get(id);
    const found = fact?.measures[name];
    if (!fact || !found) {
      report(
        fact
          ? `'${reference}': ${id} has no measure ${name}; it has ${Object.keys(fact.measures).join(', ')}`
          : `'${reference}': there is no fact ${id}`,
      );
      return null;
    }
    used.add(id);
    const cumulative = typeof measure !== 'string';
    if (cumulative && (fact.stock || !ADDITIVE.test(found.expression))) {
      report(`'${reference}' cannot be cumulated: it is no sum or count of a flow`);
    }
    return { rows: fact, expression: found.expression, matures: found.matures ?? null, cumulative };
  };
  const numerator = part(shape.of);
  const denominator = shape.kind === 'ratio' ? part(shape.over) : null;
  if (!numerator || (shape.kind === 'ratio' && !denominator)) return null;
  const spread = shape.kind === 'spread' ? spreadOf(shape, numerator, report) : null;
  return { numerator, denominator, spread, funnel: null, shape, facts: [...used] };
}

/** As a number, a funnel is the people at its last step over those at its first. */
function funneled(
  shape: Extract<IndicatorShape, { kind: 'funnel' }>,
  facts: ReadonlyMap<string, Fact>,
  report: Report,
): Parts | null {
  const { of, steps } = shape;
  const fact = facts.get(of);
  if (!fact) report(`there is no fact ${of}; write fact@version`);
  else if (fact.stock) report(`${of} is a stock; the steps of a funnel are a flow`);
  if (steps.length < 2) report('a funnel has two steps or more');
  const twice = steps.find((step, index) => steps.indexOf(step) !== index);
  if (twice !== undefined) report(`step '${twice}' stands twice; name each once`);
  if (!fact) return null;
  const entries = funnelEntries(fact, steps, FUNNEL_DAYS);
  return {
    numerator: peopleAt(entries, steps.length),
    denominator: peopleAt(entries, 1),
    spread: null,
    funnel: { rows: fact, steps },
    shape,
    facts: [of],
  };
}

function spreadOf(
  { across, statistic }: Extract<IndicatorShape, { kind: 'spread' }>,
  { rows, expression }: IndicatorPart,
  report: Report,
): Indicator['spread'] {
  if (!(across in rows.dimensions)) {
    report(`it is spread across '${across}', which is none of ${Object.keys(rows.dimensions).join(', ')}`);
  }
  if (!ADDITIVE.test(expression)) report('the spread of a measure that is no sum or count means nothing');
  if (typeof statistic === 'object' && !(Number.isInteger(statistic.top) && statistic.top >= 1)) {
    report(`{ top: ${statistic.top} } is not a number of values from 1`);
  }
  return { across, statistic };
}

/** Dimensions that all rows have; each names its own expression. */
function sharedDimensions(all: readonly FactRows[]): Indicator['dimensions'] {
  const [first, ...others] = all;
  return Object.fromEntries(
    Object.entries(first?.dimensions ?? {}).filter(([name]) => others.every(({ dimensions }) => name in dimensions)),
  );
}

function rowsOf(
  spec: Pick<FactSpec, 'stock' | 'finestGrain' | 'from' | 'through' | 'dimensions'>,
  tables: SourceTables,
  refuse: Report,
): FactRows | null {
  const [report, isGood] = noting(refuse);
  const { stock, finestGrain, from, through, dimensions = {} } = spec;
  for (const problem of personalDimensions(dimensions, tables)) report(problem);
  const sources = new Set<string>();
  for (const [what, query] of Object.entries({ from, ...(through && { through }) })) {
    try {
      const text = query({
        source: (name) => {
          sources.add(tables.get(name).name);
          return raw('(SOURCE)');
        },
        timezone: sql`${'UTC'}`,
      }).render().query;
      checkRawTables(text, report);
    } catch (cause) {
      report(`its \`${what}\` does not render: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  if (!isGood()) return null;
  return { stock, finestGrain, from, ...(through && { through }), dimensions, tables, sources: [...sources].sort() };
}

/** Reports are read by roles that see no personal value, and a filter on one would tell whether a guess is stored. */
const personalDimensions = (
  dimensions: Readonly<Record<string, IndicatorDimension>>,
  { personalColumns }: SourceTables,
): string[] =>
  Object.entries(dimensions).flatMap(([name, { expression }]) => {
    const column = BARE.exec(expression.trim())?.[1] ?? '';
    if (!personalColumns.has(column)) return [];
    return [
      `dimension ${name}: ${column} identifies a person or a device; group by something coarser, such as a band of ages or a city`,
    ];
  });

/** A report that remembers whether it was called. */
function noting(report: Report): readonly [Report, () => boolean] {
  let good = true;
  const note: Report = (problem) => {
    good = false;
    report(problem);
  };
  return [note, () => good];
}
