import { fileURLToPath } from 'node:url';
import type { View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import { loadRegistry } from '../../src/registry/load.js';

/** Small definitions of their own, so that tests of the API do not move with the product's. */
export const FIXTURE_ROOT = fileURLToPath(new URL('../fixtures/registry', import.meta.url));

export const fixtureRegistry = (): Promise<Registry> => loadRegistry({ root: FIXTURE_ROOT });

/** The registry as it would be with some view files changed, or gone (null). */
export function withViews(registry: Registry, change: (view: View) => View | null): Registry {
  const views = [...registry.views.values()].flatMap((view) => change(view) ?? []);
  return { ...registry, views: new Map(views.map((view) => [view.id, view])) };
}
