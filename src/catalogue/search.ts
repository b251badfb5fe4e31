/** Full-text search of views and features: all terms must match, and a name outweighs a description. */

import { columnsNamed, kindOf } from '../core/compute/view-kinds.js';
import { type AnyFeatureRef, type AnyView, type Feature, refsOf } from '../core/definitions/definitions.js';
import type { FeatureSearch } from '../core/ports/browse.js';

/** Each outweighs all below it for one word, so that a word in a name always comes before the same word in a text. */
const WEIGHT = { exact: 64, name: 32, viewName: 16, tag: 8, unit: 4, description: 2, source: 1 } as const;

/** Lower-case text, and the weight of a match in it. */
interface Field {
  readonly text: string;
  readonly weight: number;
}

export interface SearchEntry {
  readonly view: AnyView;
  /** The tables and columns that the view's query names; a personal column is tagged as a personal feature is. */
  readonly sources: readonly { readonly name: string; readonly tags: readonly string[] }[];
}

const field = (weight: number, ...texts: readonly (string | undefined)[]): Field[] =>
  texts.filter((text) => text !== undefined).map((text) => ({ text: text.toLowerCase(), weight }));

const viewFields = ({ view, sources }: SearchEntry, nameWeight: number, visible: FeatureSearch['visible']): Field[] => [
  ...field(nameWeight, view.name, view.id),
  ...field(WEIGHT.tag, view.owner, view.entity.name, ...view.tags),
  ...field(WEIGHT.description, view.description),
  ...field(WEIGHT.source, ...sources.filter(visible).map(({ name }) => name)),
];

const featureFields = ({ name, description, unit, tags = [] }: Feature, nameWeight: number): Field[] => [
  ...field(nameWeight, name),
  ...field(WEIGHT.tag, ...tags),
  ...field(WEIGHT.unit, unit),
  ...field(WEIGHT.description, description),
];

/** Sums the weights of the terms over the fields; 0 where a term matches none. */
function score(fields: readonly Field[], words: readonly string[], name: string): number {
  let total = 0;
  for (const word of words) {
    const best = fields.reduce((most, { text, weight }) => (weight > most && text.includes(word) ? weight : most), 0);
    if (best === 0) return 0;
    total += word === name ? WEIGHT.exact : best;
  }
  return total;
}

export const wordsOf = (search: string | null | undefined): string[] =>
  (search ?? '').toLowerCase().split(/\s+/).filter(Boolean);

/** Best first; equals keep their order. */
const ranked = <T>(matches: readonly { readonly item: T; readonly worth: number }[]): T[] =>
  [...matches].sort((a, b) => b.worth - a.worth).map(({ item }) => item);

const of = (value: string | null | undefined, actual: string): boolean => value == null || value === actual;

export const searchEntry = (view: AnyView): SearchEntry => ({
  view,
  sources: [
    ...kindOf(view)
      .tables(view)
      .map((name) => ({ name, tags: [] })),
    ...columnsNamed(view).map(({ name, pii }) => ({ name, tags: pii ? ['pii'] : [] })),
  ],
});

export function searchViews(entries: readonly SearchEntry[], search: FeatureSearch): AnyView[] {
  const words = wordsOf(search.search);
  return ranked(
    entries.flatMap((entry) => {
      const { view } = entry;
      const features = view.features.filter(search.visible);
      const tagged = search.tag == null || [view, ...features].some(({ tags }) => tags?.includes(search.tag as string));
      if (!tagged || !of(search.entity, view.entity.name) || !of(search.owner, view.owner)) return [];
      if (words.length === 0) return [{ item: view, worth: 0 }];
      const fields = [
        ...viewFields(entry, WEIGHT.name, search.visible),
        ...features.flatMap((feature) => featureFields(feature, WEIGHT.viewName)),
      ];
      const worth = score(fields, words, view.name);
      return worth === 0 ? [] : [{ item: view, worth }];
    }),
  );
}

export function searchFeatures(entries: readonly SearchEntry[], search: FeatureSearch): AnyFeatureRef[] {
  const words = wordsOf(search.search);
  return ranked(
    entries.flatMap((entry) => {
      const { view } = entry;
      if (!of(search.entity, view.entity.name) || !of(search.owner, view.owner)) return [];
      const shared = viewFields(entry, WEIGHT.viewName, search.visible);
      return refsOf(view).flatMap((item) => {
        const { feature } = item;
        const tags = [...view.tags, ...(feature.tags ?? [])];
        if (!search.visible(feature) || (search.tag != null && !tags.includes(search.tag))) return [];
        if (words.length === 0) return [{ item, worth: 0 }];
        const worth = score([...featureFields(feature, WEIGHT.name), ...shared], words, feature.name);
        return worth === 0 ? [] : [{ item, worth }];
      });
    }),
  );
}
