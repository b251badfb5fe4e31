/** The difference between the definition files and what is applied: changes, the definitions that they affect, and the problems that forbid them. */

import { SCORES_TABLE } from '../core/compute/view-kinds.js';
import { declaresStored, declaresView, nextFile, viewDefinitionKinds } from '../core/definitions/definition-kinds.js';
import type { Declassification, PlanChange, PlanEffect, PlanTouch, RegistryPlan } from '../core/ports/catalogue.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { factsOf, inForce, isFileGone, type Published, pinning, readersOf, requiresOf, spoken } from './published.js';
import { declaresSame, isOtherScheme } from './rehash.js';

type Named = Pick<Published, 'kind' | 'id'>;
const label = ({ kind, id }: Named): string => `${kind} ${id}`;
/** What is pinned by an id that a retirement would leave without meaning; the scores of a model go with it. */
const pinnedBy = (
  one: Pick<Published, 'kind' | 'id'>,
  published: readonly PublishedDefinition[],
): PublishedDefinition[] => (one.kind === 'model' ? [] : readersOf(one, published));
const pinsOf = (one: Pick<PublishedDefinition, 'snapshot'>): readonly string[] => [...requiresOf(one), ...factsOf(one)];
const isView = ({ kind }: Pick<Published, 'kind'>): boolean => declaresView(kind);

/** Lists applied definitions that have changed since. */
export function changedProblems(
  files: readonly Published[],
  published: readonly PublishedDefinition[],
): readonly string[] {
  const byLabel = new Map(inForce(published).map((one) => [label(one), one] as const));
  const changed = files.filter((file) => {
    const applied = byLabel.get(label(file));
    if (applied === undefined) return false;
    return isOtherScheme(file, applied) ? !declaresSame(file, applied) : applied.hash !== file.hash;
  });
  const models = new Set<unknown>(changed.filter(({ kind }) => kind === 'model').map(({ id }) => id));
  return changed
    .filter(({ snapshot }) => !models.has(snapshot.scoresOf))
    .map((definition) => {
      const { name, version, file } = definition;
      const pins = pinnedBy(definition, published).map(spoken);
      const affected = pins.length > 0 ? ` (${pins.join(', ')} would read another meaning)` : '';
      return `${spoken(definition)} was applied and has changed since (${file}, or something it imports): an applied version never changes${affected}. Put it back and write the change as ${name}@${version + 1} in ${nextFile(definition)}`;
    });
}

/** Lists applied views whose file is gone, with the definitions that pin them: a process that cannot compute what it serves does not start. */
export const goneProblems = (
  files: readonly Published[],
  published: readonly PublishedDefinition[],
): readonly string[] =>
  inForce(published)
    // Scores went with their model's file: the plan retires both.
    .filter((one) => declaresStored(one.kind) && one.snapshot.scoresOf === undefined && isFileGone(one, files))
    .map(({ id, snapshot }) => {
      const pins = pinning(id, published).map(spoken);
      const who = pins.length > 0 ? `, and ${pins.join(', ')} pin${pins.length > 1 ? '' : 's'} it` : '';
      return `view ${id} is applied and its file is gone${who}: put ${String(snapshot.file)} back; retire it with retireFeatureView before deleting it`;
    });

/** What a definition declares not personal. */
const declassified = ({ snapshot }: Published): readonly Declassification[] =>
  ((snapshot.features as readonly unknown[] | undefined) ?? []).flatMap((feature): readonly Declassification[] => {
    const { name, declassify } = feature as { readonly name?: string; readonly declassify?: string };
    return name === undefined || declassify === undefined
      ? []
      : [{ feature: name, owner: String(snapshot.owner), reason: declassify }];
  });

const REPORTED: ReadonlySet<Published['kind']> = new Set(['fact', 'indicator']);
const sourcesOf = ({ sources }: Published['snapshot']): readonly unknown[] => (sources as unknown[] | undefined) ?? [];

/** Compares files with what is applied. @returns changes without costs, which take the stores' time */
export function compare(
  files: readonly Published[],
  published: readonly PublishedDefinition[],
): Pick<RegistryPlan, 'changes' | 'problems'> {
  const known = new Set(published.map(label));
  const names = new Set(published.map(({ kind, name }) => `${kind} ${name}`));
  const gone = inForce(published).filter((one) => isFileGone(one, files));
  const staying = inForce(published).filter((one) => !gone.includes(one));
  const retired = new Set(published.filter(({ retiredAt }) => retiredAt !== null).map(label));
  const fresh = files.filter((file) => !known.has(label(file)));
  const isBump = ({ kind, name }: Published): boolean => names.has(`${kind} ${name}`);

  const touch = ({ kind, id }: Named, effect: PlanEffect): PlanTouch => ({ kind, id, effect });
  const addedWith = ({ kind, id }: Published): PlanTouch[] =>
    fresh
      .filter((file) => (kind === 'fact' ? factsOf(file).includes(id) : isView({ kind }) && file.requires.includes(id)))
      .map((file) => touch(file, isBump(file) ? 'BUMPED' : 'ADDED'));
  const scoresRead = (kind: Published['kind']): PlanTouch[] =>
    kind !== 'model'
      ? []
      : [...staying, ...fresh]
          .filter(({ kind: reader, snapshot }) => REPORTED.has(reader) && sourcesOf(snapshot).includes(SCORES_TABLE))
          .map((one) => touch(one, 'READS'));
  const scoreViews = (all: readonly Pick<Published, 'kind' | 'id' | 'snapshot'>[], model: Named, effect: PlanEffect) =>
    model.kind !== 'model'
      ? []
      : all.filter(({ snapshot }) => snapshot.scoresOf === model.id).map((one) => touch(one, effect));

  const addition = (file: Published): PlanChange => {
    const { kind, name, version, id, description } = file;
    const before = published.filter((one) => one.kind === kind && one.name === name && one.version !== version);
    const touches = [
      ...addedWith(file),
      ...scoreViews(fresh, file, isBump(file) ? 'BUMPED' : 'ADDED'),
      // Consumers of the versions before stay with what they pin.
      ...before.flatMap((one) => pinnedBy(one, staying)).map((one) => touch(one, 'STAYS')),
      ...scoresRead(kind),
    ];
    const action = isBump(file) ? 'BUMP' : 'ADD';
    const declassifies = declassified(file);
    return {
      action,
      kind,
      name,
      version,
      id,
      description,
      pins: pinsOf(file),
      breaks: [],
      touches,
      cost: null,
      notes: declassifies.map(
        ({ feature, owner, reason }) =>
          `${feature} is read in clear by every role: ${owner} declassifies it, '${reason}'`,
      ),
      ...(declassifies.length > 0 ? { declassifies } : {}),
    };
  };

  const retirement = (definition: PublishedDefinition): PlanChange => {
    const { kind, name, version, id, snapshot } = definition;
    const broken = pinnedBy(definition, staying);
    const with_ = pinnedBy(definition, gone);
    return {
      action: 'RETIRE',
      kind,
      name,
      version,
      id,
      description: typeof snapshot.description === 'string' ? snapshot.description : null,
      pins: pinsOf(definition),
      breaks: broken.map(label),
      touches: [
        ...broken.map((each) => touch(each, 'BROKEN')),
        ...with_.map((each) => touch(each, 'RETIRED')),
        ...scoreViews(gone, definition, 'RETIRED'),
        ...scoresRead(kind),
      ],
      cost: null,
      notes: [],
    };
  };

  const retirements = gone.map(retirement);
  const problems = [
    ...changedProblems(files, published),
    ...gone.flatMap((definition) => {
      const pins = pinnedBy(definition, staying).map(spoken);
      if (pins.length === 0) return [];
      const { scoresOf, file } = definition.snapshot;
      const what =
        scoresOf === undefined
          ? `the file of ${spoken(definition)} is gone`
          : `the file of model ${scoresOf} is gone, and with it view ${definition.id}`;
      return [
        `${what}, and ${pins.join(', ')} pin${pins.length > 1 ? '' : 's'} it: put ${String(file)} back, or retire those first`,
      ];
    }),
    ...championProblems(gone, [...staying, ...fresh]),
    ...files.flatMap((file) =>
      retired.has(label(file))
        ? []
        : file.requires
            .filter((view) => viewDefinitionKinds.some((kind) => retired.has(`${kind} ${view}`)))
            .map((view) => `${spoken(file)} pins view ${view}, which is retired: pin a later version (${file.file})`),
    ),
  ];
  return { changes: [...fresh.map(addition), ...retirements], problems };
}

/** A bare name must not change its meaning because a file went: a champion goes with the last version, or once another was promoted. */
const championProblems = (
  gone: readonly PublishedDefinition[],
  others: readonly Pick<Published, 'kind' | 'name' | 'id'>[],
): readonly string[] =>
  gone.flatMap(({ kind, name, id, championSince, snapshot }) => {
    const next = others.find((one) => one.kind === kind && one.name === name);
    if (championSince === null || !next) return [];
    return [
      `the file of model ${id} is gone, which is the champion of ${name}: put ${String(snapshot.file)} back, apply, promote another version (riskgraph promote ${next.id}), and delete it then`,
    ];
  });
