/** Runs a definition as its file is on disk, applied or not, for some keys. */
import type { View } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { badInput, notFound } from '../core/errors.js';
import type { ViewPreviews } from '../core/ports/catalogue.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { Clock } from '../core/ports/process.js';

export function createViewPreviews(options: {
  /** What the files say now. */
  readonly onDisk: () => Promise<Registry>;
  readonly offline: Pick<OfflineReader, 'previewRows'>;
  readonly now: Clock;
}): ViewPreviews {
  const { onDisk, offline, now } = options;
  return {
    async preview({ view: reference, keysOf, asOf, signal }) {
      const view = previewable(await onDisk(), reference);
      const at = asOf ?? now();
      if (at > now()) throw badInput('`asOf` is in the future', 'preview as of a moment that is over');
      // A run knows what was known once its delay was over; until then, what is known now.
      const knowledge = Math.min(at + view.delayMs, now());
      const keys = keysOf(view);
      return { view, keys, rows: await offline.previewRows(view, { asOf: at, knowledge, keys }, signal) };
    },
  };
}

/** The stored view of that name, its newest version where none is named. */
function previewable({ views, onDemandViews, refused }: Registry, reference: string): View {
  const [, name, version] = /^([a-z][a-z0-9_]*)(?:@([1-9]\d*))?$/.exec(reference) ?? [];
  if (!name) throw badInput(`'${reference}' is not a feature view`, 'write a name, or name@version');
  const isNamed = (one: { readonly name: string; readonly version: number }): boolean =>
    one.name === name && (version === undefined || one.version === Number(version));
  const [view] = [...views.values()].filter(isNamed).sort((a, b) => b.version - a.version);
  const file = refused.find(({ defines }) => defines?.kind === 'view' && isNamed(identityOf(defines.id)));
  if (file) throw badInput(`${file.file} is refused: ${file.reasons.join('; ')}`, 'fix the file and try again');
  if (view?.origin.kind === 'query') return view;
  if (view || [...onDemandViews.values()].some(isNamed)) {
    throw badInput(
      `${reference} has no query: its values are computed by a model or for each request`,
      'preview the views that it reads; once it is applied, ask onlineFeatures or score',
    );
  }
  throw notFound(
    `no file here defines a feature view ${reference}`,
    'name a view that has a file, as name or name@version',
  );
}

const identityOf = (id: string): { readonly name: string; readonly version: number } => {
  const [name = '', version = '1'] = id.split('@');
  return { name, version: Number(version) };
};
