import type { JobSpec } from '../../src/core/definitions/define-job.js';
import type { JobDefinition } from '../../src/core/definitions/registry.js';
import type { JobServices } from '../../src/core/ports/jobs.js';

/** Jobs as the registry would make them. */
export function jobsOf(specs: Readonly<Record<string, object>>): ReadonlyMap<string, JobDefinition> {
  return new Map(
    Object.entries(specs).map(([name, spec]) => [
      name,
      { ...(spec as JobSpec<unknown>), name, file: `jobs/${name}.ts` },
    ]),
  );
}

/** Services that no job of these tests uses. */
export const noServices = {} as JobServices;
