import { plannedLabel } from '../core/compute/labels/label-sql.js';
import { labelTexts } from '../core/compute/labels/label-text.js';
import { entitiesOf, observationProblem } from '../core/compute/labels/observations.js';
import { outcomeEntities, outcomeProblem } from '../core/compute/labels/outcomes.js';
import { OWN_STRATA } from '../core/compute/labels/sampling.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { LabelSpec } from '../core/definitions/define-label.js';
import type { Label } from '../core/definitions/definitions.js';
import { existsOnCalendar } from '../core/helpers/time.js';
import type { SourceTables } from '../core/lending/sources.js';
import { checkRawTables, type Report } from './check.js';
import { isDeclared } from './references.js';
import type { DefinitionFile } from './scan.js';

/** Longer windows are mistakes: no book is watched for thirty years. */
const MOST_DAYS = 10_950;
const MOST_MONTHS = 360;

/** Builds a label from its file and reports everything that is wrong with it; null where it cannot be computed. */
export function checkLabel(
  { name, version, id, file }: DefinitionFile,
  spec: LabelSpec,
  { entities, tables }: { readonly entities: ReadonlyMap<string, EntityDefinition>; readonly tables: SourceTables },
  report: Report,
): Omit<Label, 'hash'> | null {
  let good = true;
  const refuse: Report = (problem) => {
    good = false;
    report(problem);
  };
  if (!spec.owner) refuse('has no owner');
  if (!spec.description) refuse('has no description');
  if (!isDeclared(spec.entity, entities)) {
    refuse(`its entity '${spec.entity?.name ?? '?'}' is not one that features/entities.ts exports`);
  } else if (spec.entity.joinKeys.length !== 1) {
    refuse(
      `its entity '${spec.entity.name}' has ${spec.entity.joinKeys.length} join keys; a label is about an entity with one`,
    );
  }
  for (const problem of [
    windowProblem(spec.window),
    ...partProblems(spec),
    ...samplingProblems(spec),
    splitProblem(spec),
  ])
    if (problem !== null) refuse(problem);
  if (!good) return null;

  const label = { ...spec, name, version, id, file, tags: spec.tags ?? [], tables, sources: [], hash: '' };
  const sources = sourcesOf(label, refuse);
  return good ? { ...label, sources } : null;
}

function windowProblem(window: LabelSpec['window']): string | null {
  const { days, months } = (window ?? {}) as { readonly days?: number; readonly months?: number };
  if ((days === undefined) === (months === undefined)) return 'its window is neither { days: … } nor { months: … }';
  const [length, most, unit] =
    days === undefined ? [months as number, MOST_MONTHS, 'months'] : [days, MOST_DAYS, 'days'];
  if (Number.isInteger(length) && length >= 1 && length <= most) return null;
  return `its window of ${length} ${unit} is not a whole number from 1 to ${most}`;
}

function partProblems(spec: LabelSpec): readonly (string | null)[] {
  const { observation, outcome, entity } = spec;
  if (!observation?.kind) return ['has no observation; give one such as monthEnds()'];
  if (!outcome?.kind) return ['has no outcome; give one such as dpdReaches(30)'];
  const entityProblem = (what: string, allowed: readonly string[] | null): string | null =>
    allowed === null || allowed.includes(entity?.name ?? '')
      ? null
      : `${what} is of ${allowed.join(' or ')}, and the label's entity is '${entity?.name ?? '?'}'`;
  return [
    observationProblem(observation),
    entityProblem(`its observation '${observation.kind}'`, entitiesOf(observation)),
    outcomeProblem(spec),
    entityProblem(`its outcome '${outcome.kind}'`, outcomeEntities(outcome)),
  ];
}

function samplingProblems({ sampling }: LabelSpec): readonly string[] {
  if (sampling === undefined) return [];
  const strata = Object.entries(sampling.strata ?? {});
  if (strata.length === 0) return ['its sampling has no strata'];
  return strata.flatMap(([name, { when, rate }]) => [
    ...(OWN_STRATA.includes(name) ? [`a stratum cannot be called '${name}': that is what is in none`] : []),
    ...(typeof when === 'string' && /\S/.test(when) ? [] : [`the stratum '${name}' has no condition`]),
    ...(rate >= 0 && rate <= 1 ? [] : [`the rate ${rate} of the stratum '${name}' is not from 0 to 1`]),
  ]);
}

function splitProblem({ split }: LabelSpec): string | null {
  if (split === undefined) return null;
  const { validation, outOfTime } = split;
  const odd = [validation, outOfTime].find((day) => day !== undefined && !existsOnCalendar(day));
  if (odd !== undefined) return `'${odd}' of its split is not a day, such as '2026-01-01'`;
  if (validation === undefined || validation < outOfTime) return null;
  return `its split begins with ${validation} for validation, which is not before ${outOfTime}, the first day out of time`;
}

/** The tables that a label reads, found by writing its SQL with tables that only note their name. */
function sourcesOf(label: Label, report: Report): readonly string[] {
  const used = new Set<string>();
  const kept = new Set<string>();
  const { tables } = label;
  const noting: Label['tables'] = {
    get: (name) => {
      used.add(name);
      const table = tables.get(name);
      if (table.retention) kept.add(name);
      return table;
    },
  };
  try {
    plannedLabel({ ...label, tables: noting }, 'UTC').render();
    for (const text of labelTexts(label)) checkRawTables(text, report);
  } catch (cause) {
    report(`its SQL does not render: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (used.has('labels')) report("source('labels'): a label is made of what happened, not of other labels");
  for (const name of kept) {
    report(
      `source('${name}'): ${name} removes rows after its retention, and a label is computed again for old observations when rows come late`,
    );
  }
  return [...used].sort();
}
