import type { z } from 'zod';
import type { JobSpec } from '../../src/core/definitions/define-job.js';
import type { Model, View } from '../../src/core/definitions/definitions.js';
import type { JobDefinition } from '../../src/core/definitions/registry.js';
import { notFound } from '../../src/core/errors.js';
import type { FreshCatalogue } from '../../src/core/ports/catalogue.js';
import type { JobServices } from '../../src/core/ports/job-services.js';

/** Jobs as the registry would make them. */
export function jobsOf(specs: Readonly<Record<string, object>>): ReadonlyMap<string, JobDefinition> {
  return new Map(
    Object.entries(specs).map(([name, spec]) => [name, { ...(spec as JobSpec), name, file: `jobs/${name}.ts` }]),
  );
}

/** By what each job is enqueued. */
export const requestsOf = <Specs extends Readonly<Record<string, { readonly payload: z.ZodType }>>>(specs: Specs) =>
  Object.fromEntries(Object.entries(specs).map(([name, { payload }]) => [name, { name, payload }])) as {
    readonly [Name in keyof Specs]: { readonly name: string; readonly payload: Specs[Name]['payload'] };
  };

/** A catalogue of these views, and of one model where it is given. */
export const catalogueOf = (views: readonly View[], model?: Model): FreshCatalogue => ({
  views: async () => views,
  labels: async () => [],
  retiredViews: async () => [],
  model: async (reference) => {
    if (model) return model;
    throw notFound(`there is no model '${reference}'`, 'give the catalogue one');
  },
});

/** For jobs that need no service. */
export const noServices: Partial<JobServices> = {};
