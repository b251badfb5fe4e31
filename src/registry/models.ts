import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { definitionHash } from '../core/compute/definition-hash.js';
import { sequenceProblems } from '../core/compute/model-tensors.js';
import { planOnDemand } from '../core/compute/on-demand.js';
import { scoreViewId, scoreViewOf, scoreViewShape } from '../core/compute/score-view.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { ModelSpec } from '../core/definitions/define-model.js';
import {
  type AnyFeatureRef,
  type Model,
  type OnDemandView,
  readsStoredOnly,
  type StoredModel,
  type View,
} from '../core/definitions/definitions.js';
import { contentHash } from './hash.js';
import { eitherOf, isDeclared, resolveReferences } from './references.js';
import type { DefinitionFile } from './scan.js';
import { wordsOf } from './words.js';

type Report = (problem: string) => void;

interface LoadedDefinitions {
  /** Receives the view of each model's scores. */
  readonly views: Map<string, View>;
  readonly onDemandViews: ReadonlyMap<string, OnDemandView>;
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  readonly problems: string[];
}

const specOf = (item: DefinitionFile): ModelSpec => item.exported as ModelSpec;

/**
 * Loads models with the views of their scores, each after the models whose scores it reads, otherwise in the order of their files. A model
 * that reads its own scores, directly or through others, is a problem.
 */
export async function loadModels(
  files: readonly DefinitionFile[],
  loaded: LoadedDefinitions,
): Promise<ReadonlyMap<string, Model>> {
  const models = new Map<string, Model>();
  const byScores = new Map(files.map((item) => [scoreViewId(item), item]));
  const visited = new Set<DefinitionFile>();

  const visit = async (item: DefinitionFile, path: readonly DefinitionFile[]): Promise<void> => {
    const report: Report = (problem) => loaded.problems.push(`${item.file}: ${problem}`);
    const since = path.indexOf(item);
    if (since >= 0) {
      const circle = [...path.slice(since), item].map(({ id }) => id).join(' reads the scores of ');
      report(`its inputs lead back to itself: ${circle}`);
      return;
    }
    if (visited.has(item)) return;
    visited.add(item);
    for (const id of new Set(specOf(item).inputs.map((reference) => reference.split(':')[0] as string))) {
      const read = byScores.get(id);
      if (read) await visit(read, [...path, item]);
    }
    const model = await loadModel(item, loaded, report);
    if (!model) return;
    models.set(item.id, Object.freeze(model));
    checkRequest(model, report);
    // A portfolio has no request inputs.
    if (!readsStoredOnly(model)) return;
    const view = scoreViewOf(model);
    const taken =
      loaded.views.get(view.id) ?? [...loaded.onDemandViews.values()].find(({ name }) => name === view.name);
    if (taken)
      report(`its scores would be the view ${view.id}, which ${taken.file} defines already: rename one of them`);
    const hash = definitionHash([model.hash, scoreViewShape(view)]);
    if (!taken) loaded.views.set(view.id, Object.freeze({ ...view, hash }));
    checkScoreInputs(model, view, report);
  };

  for (const item of files) {
    try {
      await visit(item, []);
    } catch (cause) {
      loaded.problems.push(`${item.file}: ${wordsOf(cause)}`);
    }
  }
  return models;
}

/** One request must do for all inputs. */
function checkRequest(model: Model, report: Report): void {
  try {
    planOnDemand(model.features);
  } catch (cause) {
    report(cause instanceof Error ? cause.message : String(cause));
  }
}

/** Checks that a portfolio can be scored by the model's inputs. */
function checkScoreInputs(model: StoredModel, scores: Omit<View, 'hash'>, report: Report): void {
  for (const view of new Set(model.features.map((ref) => ref.view))) {
    if (view.delayMs <= scores.delayMs) continue;
    report(
      `input view ${view.id} is readable ${view.schedule.delay} after its as-of, later than the scores made of it (${scores.schedule.delay})`,
    );
  }
}

async function loadModel(
  item: DefinitionFile,
  { views, onDemandViews, entities }: Pick<LoadedDefinitions, 'views' | 'onDemandViews' | 'entities'>,
  report: Report,
): Promise<Model | undefined> {
  const spec = specOf(item);
  const folder = dirname(item.path);
  if (!spec.owner) report('has no owner');
  checkEntity(spec, entities, report);
  const features = resolveReferences(spec.inputs, eitherOf(views, onDemandViews), report);
  if (spec.inputs.length === 0) report('has no inputs');
  for (const ref of features) checkInput(spec, ref, report);
  for (const problem of sequenceProblems({ features, tensors: spec.tensors })) report(problem);
  for (const input of spec.required ?? []) {
    if (!features.some(({ reference }) => reference === input)) report(`requires ${input}, which is no input of it`);
  }
  const onnxPath = join(folder, spec.onnx);
  const weights = await readFile(onnxPath).catch(() => undefined);
  if (!weights) report(`its file ${spec.onnx} is missing`);
  const card = await readFile(join(folder, 'card.json'), 'utf8').then(
    (text) => JSON.parse(text) as Record<string, unknown>,
    () => undefined,
  );
  if (!card) report('its card.json is missing or not JSON');
  if (!weights || !card) return undefined;
  const onnxHash = createHash('sha256').update(weights).digest('hex');
  return {
    name: item.name,
    version: item.version,
    id: item.id,
    file: item.file,
    ...spec,
    features,
    onnxPath,
    onnxHash,
    card,
    hash: await contentHash(item.path, [onnxHash]),
  };
}

function checkEntity(spec: ModelSpec, entities: ReadonlyMap<string, EntityDefinition>, report: Report): void {
  if (!isDeclared(spec.entity, entities)) {
    report('its entity is not one that features/entities.ts exports');
    return;
  }
  const { name, joinKeys } = spec.entity;
  if (joinKeys.length === 1) return;
  report(
    `its entity ${name} is named by ${joinKeys.join(' and ')}; scores are kept by one entity_id, so a model scores an entity with one join key`,
  );
}

function checkInput(spec: ModelSpec, { reference, feature, view }: AnyFeatureRef, report: Report): void {
  if (feature.type.startsWith('ARRAY') && feature.length === undefined)
    report(`input ${reference} is an array without a fixed length`);
  if (view.entity.joinKeys.some((key) => !spec.entity.joinKeys.includes(key)))
    report(`input ${reference} is of another entity`);
}
