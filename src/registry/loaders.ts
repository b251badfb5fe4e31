/** How each kind of definition file is read and checked, one loader a kind: a kind without a loader does not compile. */
import { realpath } from 'node:fs/promises';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { FactSpec } from '../core/definitions/define-fact.js';
import type { IndicatorSpec } from '../core/definitions/define-indicator.js';
import type { JobSpec } from '../core/definitions/define-job.js';
import type { LabelSpec } from '../core/definitions/define-label.js';
import type { FeatureServiceSpec } from '../core/definitions/define-service.js';
import type { TableSpec } from '../core/definitions/define-table.js';
import type { FeatureViewSpec } from '../core/definitions/define-view.js';
import type { DefinitionKind } from '../core/definitions/definition-kinds.js';
import type { Fact, Indicator, Label, Model, OnDemandView, Service, View } from '../core/definitions/definitions.js';
import type { JobDefinition } from '../core/definitions/registry.js';
import type { SourceTable, SourceTables } from '../core/lending/sources.js';
import { checkView } from './check.js';
import { inCurrency } from './currency.js';
import { contentHash, PACKAGE } from './hash.js';
import { checkFact, checkIndicator } from './indicators.js';
import { checkLabel } from './labels.js';
import { loadModels } from './models.js';
import { loadOnDemandViews } from './on-demand.js';
import { eitherOf, resolveReferences } from './references.js';
import type { DefinitionFile } from './scan.js';
import { checkTable } from './table.js';
import { wordsOf } from './words.js';

/** The definitions that are loaded so far, and what all loaders share. */
export interface Loading {
  /** The tables of `sourceTables`, which are loaded first. */
  readonly tables: SourceTables;
  readonly sourceTables: Map<string, SourceTable>;
  readonly entities: Map<string, EntityDefinition>;
  readonly views: Map<string, View>;
  readonly onDemandViews: Map<string, OnDemandView>;
  readonly services: Map<string, Service>;
  readonly facts: Map<string, Fact>;
  readonly indicators: Map<string, Indicator>;
  readonly models: Map<string, Model>;
  readonly labels: Map<string, Label>;
  readonly jobs: Map<string, JobDefinition>;
  /** Models by the ids of their score views, loaded or not. */
  readonly scores: ReadonlyMap<string, string>;
  /** Currency of the portfolio's amounts, as units name it. */
  readonly currency: string;
  readonly problems: string[];
}

/** Loads the files of one kind; adds problems to the list, as `file: reason`, and never throws them. */
type Loader = (files: readonly DefinitionFile[], loading: Loading) => Promise<void>;

const identity = ({ name, version, id, file }: DefinitionFile) => ({ name, version, id, file });

/** Loads each of the files; what one of a wrong shape throws is a problem of that file. */
async function each(files: readonly DefinitionFile[], problems: string[], load: (item: DefinitionFile) => unknown) {
  for (const item of files) {
    try {
      await load(item);
    } catch (cause) {
      problems.push(`${item.file}: ${wordsOf(cause)}`);
    }
  }
}

/** The tables that come with the platform are those of its release, and no part of a plan. */
const definedBy = async ({ file, path }: DefinitionFile): Promise<SourceTable['definedBy']> =>
  (await realpath(path)).startsWith(`${PACKAGE}/tables/`) ? null : { file, hash: await contentHash(path) };

const loadTables: Loader = async (files, { sourceTables, problems }) => {
  const loaded = new Set<string>();
  await each(files, problems, async (item) => {
    const report = (problem: string) => problems.push(`${item.file}: ${problem}`);
    const table = checkTable(item.name, item.exported as TableSpec, report, await definedBy(item));
    // A second file of one name is refused as such: what reads the table is checked against the first.
    if (table && !loaded.has(table.name)) sourceTables.set(table.name, table);
    loaded.add(item.name);
  });
};

/** What a definition means by its entity, as its hash says it. */
const entityOf = ({ entity }: Pick<FeatureViewSpec, 'entity'>): string =>
  JSON.stringify([entity?.name, entity?.joinKeys]);

const loadViews: Loader = async (files, { views, entities, tables, currency, problems }) => {
  await each(files, problems, async (item) => {
    const spec = inCurrency(item.exported as FeatureViewSpec, currency);
    const view = checkView(item, spec, { entities, tables }, (problem) => problems.push(`${item.file}: ${problem}`));
    views.set(item.id, Object.freeze({ ...view, hash: await contentHash(item.path, [entityOf(spec)]) }));
  });
};

const loadServices: Loader = async (files, { views, onDemandViews, services, problems }) => {
  await each(files, problems, async (item) => {
    const spec = item.exported as FeatureServiceSpec;
    const report = (problem: string) => problems.push(`${item.file}: ${problem}`);
    if (!spec.owner) report('has no owner');
    if (spec.features.length === 0) report('lists no features');
    const features = resolveReferences(spec.features, eitherOf(views, onDemandViews), report);
    services.set(item.id, Object.freeze({ ...identity(item), ...spec, features, hash: await contentHash(item.path) }));
  });
};

const loadLabels: Loader = async (files, { labels, entities, tables, problems }) => {
  await each(files, problems, async (item) => {
    const report = (problem: string) => problems.push(`${item.file}: ${problem}`);
    const label = checkLabel(item, item.exported as LabelSpec, { entities, tables }, report);
    if (label) labels.set(item.id, Object.freeze({ ...label, hash: await contentHash(item.path, [entityOf(label)]) }));
  });
};

const loadFacts: Loader = async (files, { facts, tables, currency, problems }) => {
  await each(files, problems, async (item) => {
    const report = (problem: string) => problems.push(`${item.file}: ${problem}`);
    const fact = checkFact(item, inCurrency(item.exported as FactSpec, currency), tables, report);
    if (fact) facts.set(item.id, Object.freeze({ ...fact, hash: await contentHash(item.path) }));
  });
};

const loadIndicators: Loader = async (files, { indicators, facts, tables, currency, problems }) => {
  await each(files, problems, async (item) => {
    const report = (problem: string) => problems.push(`${item.file}: ${problem}`);
    const spec = inCurrency(item.exported as IndicatorSpec, currency);
    const indicator = checkIndicator(item, spec, { tables, facts }, report);
    if (indicator) indicators.set(item.id, Object.freeze({ ...indicator, hash: await contentHash(item.path) }));
  });
};

const loadJobs: Loader = async (files, { jobs, problems }) => {
  await each(files, problems, (item) => {
    const spec = item.exported as JobSpec;
    if (spec.schedule && !spec.scheduledPayload) problems.push(`${item.file}: has a schedule but no scheduledPayload`);
    if (spec.name !== undefined && spec.name !== item.name) {
      problems.push(`${item.file}: its contract names it '${spec.name}'; name the file jobs/${spec.name}.ts`);
    }
    if (!(spec.concurrency >= 1)) problems.push(`${item.file}: concurrency must be at least 1`);
    jobs.set(item.name, Object.freeze({ ...spec, name: item.name, file: item.file }));
  });
};

/** In this order: a definition refers to those of the kinds before its own. Models give views of their scores, which services may list. */
export const LOADERS: Readonly<Record<DefinitionKind, Loader>> = {
  table: loadTables,
  view: loadViews,
  on_demand: async (files, loading) => {
    for (const [id, view] of await loadOnDemandViews(files, loading)) loading.onDemandViews.set(id, view);
  },
  model: async (files, loading) => {
    for (const [id, model] of await loadModels(files, loading)) loading.models.set(id, model);
  },
  service: loadServices,
  label: loadLabels,
  fact: loadFacts,
  indicator: loadIndicators,
  job: loadJobs,
};
