/** Loads what can be loaded where some definition files cannot. */
import type { DefinitionKind } from '../core/definitions/definition-kinds.js';
import type { Service, View } from '../core/definitions/definitions.js';
import type { RefusedFile } from '../core/definitions/registry.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { codeOnDisk } from './imported.js';
import { ENTITIES, emptyLoading, type LoadOptions, loadEach, readFiles, refuseProblems } from './load.js';
import type { Loading } from './loaders.js';
import { eitherOf } from './references.js';
import { type DefinitionFile, identityOf, PRODUCT } from './scan.js';
import { serviceStandIn, standIn } from './stand-in.js';

const fileOf = (problem: string): string => problem.slice(0, problem.indexOf(': '));

/** Reasons by file. */
class Refused {
  private readonly reasons = new Map<string, string[]>();

  /** @param problems as `file: reason` */
  add(problems: readonly string[]): void {
    for (const problem of problems) {
      const file = fileOf(problem);
      this.reasons.set(file, [...(this.reasons.get(file) ?? []), problem.slice(file.length + 2)]);
    }
  }

  has = ({ file }: { readonly file: string }): boolean => this.reasons.has(file);

  files(): RefusedFile[] {
    return [...this.reasons]
      .map(([file, reasons]) => {
        const identity = identityOf(file);
        return { file, defines: identity && { kind: identity.kind, id: identity.id }, reasons };
      })
      .sort((a, b) => (a.file < b.file ? -1 : 1));
  }
}

/** See openRegistry. A file that reads what a refused one defines has the problem that it is not there, so files are loaded until none has one. */
export async function loadUsable(
  options: LoadOptions,
  applied: readonly PublishedDefinition[],
): Promise<{ readonly loading: Loading; readonly refused: RefusedFile[] }> {
  const { files, entities, problems } = await readFiles(options);
  // Nothing can be declared with entities that contradict each other; those of a project leave the product's as they are.
  if (options.project === undefined) refuseProblems(problems.filter((problem) => fileOf(problem) === ENTITIES));
  const refused = new Refused();
  refused.add(problems.filter((problem) => !isCopy(problem)));
  const copies = new Set<DefinitionFile>();
  for (const { copy, of } of duplicates(files, applied, options.madeTables)) {
    copies.add(copy);
    refused.add([`${copy.file}: ${copy.kind} ${copy.id} is also defined in ${of.join(' and ')}`]);
  }
  for (;;) {
    const usable = files.filter((item) => !copies.has(item) && !refused.has(item));
    const loading = emptyLoading(entities, usable, options);
    for (const view of standIns(refused.files(), applied, loading)) loading.views.set(view.id, view);
    await loadEach(usable, loading);
    loading.problems.push(...(await changedMeanwhile(usable)));
    if (loading.problems.length === 0) {
      for (const service of services(refused.files(), applied, loading)) loading.services.set(service.id, service);
      return { loading, refused: refused.files() };
    }
    refused.add(loading.problems);
  }
}

/** Files that were imported with another text than the one whose hash they were given: what was applied must not stand for them. */
async function changedMeanwhile(files: readonly DefinitionFile[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { file, path, code } of files) {
    const now = await codeOnDisk(path).catch(() => '');
    if (now !== code)
      problems.push(`${file}: changed while it was read: plan again, or restart the process that starts`);
  }
  return problems;
}

const isCopy = (problem: string): boolean => problem.includes(' is also defined in ');

interface Duplicate {
  readonly copy: DefinitionFile;
  /** The other files that define the same. */
  readonly of: readonly string[];
}

/**
 * Files that define the same, but the one that was applied, that of a project which made the stored table, or else the product's: which of the others
 * is meant is not known.
 */
function duplicates(
  files: readonly DefinitionFile[],
  applied: readonly PublishedDefinition[],
  madeTables: ReadonlySet<string> = new Set(),
): readonly Duplicate[] {
  const byLabel = new Map<string, DefinitionFile[]>();
  for (const item of files) {
    const label = `${item.kind} ${item.id}`;
    byLabel.set(label, [...(byLabel.get(label) ?? []), item]);
  }
  return [...byLabel.values()].flatMap((same) => {
    if (same.length === 1) return [];
    const [{ kind, id, name }] = same as [DefinitionFile];
    const isMade = kind === 'table' && madeTables.has(name);
    const known = applied.find((one) => one.kind === kind && one.id === id);
    const owned = same.filter(({ file }) => file.startsWith(PRODUCT) !== isMade);
    const owner = isMade && owned.length > 1 ? undefined : owned[0];
    const kept = same.find(({ file }) => file === known?.snapshot.file) ?? owner;
    return same
      .filter((copy) => copy !== kept)
      .map((copy) => ({ copy, of: same.filter((one) => one !== copy).map(({ file }) => file) }));
  });
}

/** Views in force whose file is refused, or that of the model whose scores they hold. */
function standIns(refused: readonly RefusedFile[], applied: readonly PublishedDefinition[], loading: Loading): View[] {
  const reasonOf = (kind: DefinitionKind, id: unknown): string | undefined =>
    refused.find(({ defines }) => defines?.kind === kind && defines.id === id)?.reasons[0];
  return applied.flatMap((definition) => {
    const { kind, id, snapshot } = definition;
    const reason = kind === 'view' ? (reasonOf(kind, id) ?? reasonOf('model', snapshot.scoresOf)) : undefined;
    const entity = loading.entities.get(String(snapshot.entity));
    return reason !== undefined && entity ? [standIn(definition, entity, { reason, tables: loading.tables })] : [];
  });
}

/** Services in force whose file is refused, where all that they list is loaded. */
function services(
  refused: readonly RefusedFile[],
  applied: readonly PublishedDefinition[],
  { views, onDemandViews }: Loading,
): Service[] {
  return applied.flatMap((definition) => {
    const isRefused = refused.some(({ defines }) => defines?.kind === 'service' && defines.id === definition.id);
    if (definition.kind !== 'service' || !isRefused) return [];
    return serviceStandIn(definition, eitherOf(views, onDemandViews)) ?? [];
  });
}
