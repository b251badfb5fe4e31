import type { PlanChange, RegistryPlan, RegistryPlanner } from '../core/catalogue.js';
import type { Registry, View } from '../core/definitions.js';
import { conflict, notFound, RiskgraphError } from '../core/errors.js';
import type { Clock, DefinitionLedger, OfflineStore, OnlineStore, PublishedDefinition } from '../core/ports.js';
import { isFileGone, type Published, publishable } from './published.js';

export interface PlannerOptions {
  readonly registry: Registry;
  readonly ledger: DefinitionLedger;
  readonly offline: Pick<OfflineStore, 'createView'>;
  readonly online: Pick<OnlineStore, 'deleteView'>;
  readonly now: Clock;
  /** Called after a change, so that it is served at once. */
  readonly onChange: () => Promise<void>;
}

const label = ({ kind, id }: Pick<Published, 'kind' | 'id'>): string => `${kind} ${id}`;

const inForce = (published: readonly PublishedDefinition[]): PublishedDefinition[] =>
  published.filter(({ retiredAt }) => retiredAt === null);

/** Definitions that pin a view and are neither retired nor about to be. */
const pinsOf = (view: string, applied: readonly PublishedDefinition[]): string[] =>
  applied
    .filter(({ snapshot }) => (snapshot.requires as readonly string[] | undefined)?.includes(view) === true)
    .map(label);

/** The model, if it is in force, whose scores the view is: they come and go together. */
const modelOf = (
  { kind, snapshot }: Pick<PublishedDefinition, 'kind' | 'snapshot'>,
  applied: readonly PublishedDefinition[],
): PublishedDefinition | undefined =>
  kind === 'view' ? applied.find((one) => one.kind === 'model' && one.id === snapshot.scoresOf) : undefined;

function changedProblems(files: readonly Published[], published: readonly PublishedDefinition[]): string[] {
  const byLabel = new Map(inForce(published).map((one) => [label(one), one] as const));
  const changed = files.filter((file) => (byLabel.get(label(file))?.hash ?? file.hash) !== file.hash);
  const models = new Set<unknown>(changed.filter(({ kind }) => kind === 'model').map(({ id }) => id));
  return changed
    .filter(({ snapshot }) => !models.has(snapshot.scoresOf))
    .map(({ kind, name, version, id, file }) => {
      const next = file.replace(`.v${version}.`, `.v${version + 1}.`);
      return `${kind} ${id} was applied and has changed since (${file}, or something it imports): an applied version never changes. Put it back and write the change as ${name}@${version + 1} in ${next}`;
    });
}

function comparePlan(files: readonly Published[], published: readonly PublishedDefinition[]): RegistryPlan {
  const known = new Set(published.map(label));
  const names = new Set(published.map(({ kind, name }) => `${kind} ${name}`));
  const gone = inForce(published).filter((one) => isFileGone(one, files));
  const staying = inForce(published).filter((one) => !gone.includes(one));
  const retired = new Set(published.filter(({ retiredAt }) => retiredAt !== null).map(label));

  const additions = files
    .filter((file) => !known.has(label(file)))
    .map(
      (file): PlanChange => ({
        action: names.has(`${file.kind} ${file.name}`) ? 'BUMP' : 'ADD',
        kind: file.kind,
        name: file.name,
        version: file.version,
        id: file.id,
        description: file.description,
        breaks: [],
      }),
    );
  const retirements = gone.map(
    ({ kind, name, version, id, snapshot }): PlanChange => ({
      action: 'RETIRE',
      kind,
      name,
      version,
      id,
      description: typeof snapshot.description === 'string' ? snapshot.description : null,
      breaks: kind === 'view' || kind === 'on_demand' ? pinsOf(id, staying) : [],
    }),
  );
  const problems = [
    ...changedProblems(files, published),
    ...retirements
      .filter(({ breaks }) => breaks.length > 0)
      .map(
        ({ kind, id, breaks }) =>
          `the file of ${kind === 'on_demand' ? 'on-demand view' : kind} ${id} is gone, and ${breaks.join(', ')} pin${breaks.length > 1 ? '' : 's'} it: put it back, or retire those first`,
      ),
    ...files.flatMap((file) =>
      file.requires
        .filter((view) => retired.has(`view ${view}`) || retired.has(`on_demand ${view}`))
        .filter(() => !retired.has(label(file)))
        .map(
          (view) => `${file.kind} ${file.id} pins view ${view}, which is retired: pin a later version (${file.file})`,
        ),
    ),
  ];
  return { changes: [...additions, ...retirements], problems };
}

export function createRegistryPlanner(options: PlannerOptions): RegistryPlanner {
  const { registry, ledger, offline, online, now, onChange } = options;
  const files = publishable(registry);

  const plan = async (): Promise<RegistryPlan> => comparePlan(files, await ledger.all());

  /** Online values of views that are no more; without the file, the entity is what was published of it. */
  const forgetOnline = async (changes: readonly PlanChange[]): Promise<void> => {
    const gone = new Set(
      changes.filter(({ action, kind }) => action === 'RETIRE' && kind === 'view').map(({ id }) => id),
    );
    for (const { id, snapshot } of (await ledger.all()).filter(({ kind, id }) => kind === 'view' && gone.has(id))) {
      const entity = registry.entities.get(String(snapshot.entity));
      if (entity) await online.deleteView({ id, entity });
    }
  };

  return {
    plan,

    apply: () =>
      ledger.withApplyLock(async () => {
        const todo = await plan();
        if (todo.problems.length > 0) {
          throw new RiskgraphError({
            code: 'CONFLICT',
            message: `nothing was applied: ${todo.problems.join('; ')}`,
            hint: 'mend what is named, restart, and look at the plan again',
            details: { problems: todo.problems },
          });
        }
        const ids = new Set(todo.changes.filter(({ action }) => action !== 'RETIRE').map(label));
        const fresh = files.filter((file) => ids.has(label(file)));
        for (const { kind, id } of fresh) {
          if (kind === 'view') await offline.createView(registry.views.get(id) as View);
        }
        const appliedAt = now();
        await ledger.publish(
          fresh.map(({ kind, name, version, id, hash, snapshot }) => ({
            kind,
            name,
            version,
            id,
            hash,
            snapshot,
            appliedAt,
          })),
        );
        await ledger.retire(
          todo.changes.filter(({ action }) => action === 'RETIRE'),
          appliedAt,
        );
        if (todo.changes.length > 0) await onChange();
        await forgetOnline(todo.changes);
        return todo;
      }),

    retireView: (id) =>
      ledger.withApplyLock(async () => {
        const published = await ledger.all();
        const held = published.find((one) => one.kind === 'view' && one.id === id);
        const view = registry.views.get(id);
        if (published.some((one) => one.kind === 'on_demand' && one.id === id)) {
          throw conflict(
            `${id} is an on-demand view: nothing is stored of it`,
            'delete its file, restart and apply: the plan retires it, and refuses while a service or a model pins it',
          );
        }
        if (!held) throw notFound(`feature view ${id} is not applied`, 'name an applied version, as name@version');
        if (held.retiredAt !== null) throw conflict(`feature view ${id} is already retired`);
        const model = modelOf(held, inForce(published));
        if (model) {
          throw conflict(
            `feature view ${id} holds the scores of model ${model.id}, which is in force`,
            `delete ${String(model.snapshot.file)}, restart and apply: model and scores are retired together`,
          );
        }
        const breaks = pinsOf(id, inForce(published));
        if (breaks.length > 0) {
          throw conflict(
            `feature view ${id} is pinned by ${breaks.join(', ')}`,
            'retire those first, or pin a later version in new ones',
          );
        }
        await ledger.retire([{ kind: 'view', id }], now());
        await onChange();
        if (view) await online.deleteView(view);
        const { kind, name, version, snapshot } = held;
        const description = typeof snapshot.description === 'string' ? snapshot.description : null;
        return { changes: [{ action: 'RETIRE', kind, name, version, id, description, breaks: [] }], problems: [] };
      }),

    async checkBoot() {
      const published = await ledger.all();
      const problems = [
        ...changedProblems(files, published),
        ...inForce(published)
          // Scores went with their model's file: the plan retires both.
          .filter((one) => one.kind === 'view' && one.snapshot.scoresOf === undefined && isFileGone(one, files))
          .map(
            ({ id }) =>
              `view ${id} is applied and its file is gone: put it back; retire it with retireFeatureView before deleting it`,
          ),
      ];
      if (problems.length === 0) return;
      throw new RiskgraphError({
        code: 'CONFLICT',
        message: `the definition files disagree with what is applied:\n- ${problems.join('\n- ')}`,
        hint: 'mend the files named and start again',
        details: { problems },
      });
    },
  };
}
