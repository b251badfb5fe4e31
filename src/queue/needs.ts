/** Checks and provides what jobs need. The compiler checks that a body uses what it names; only a process knows which services it has. */
import type { JobDefinition } from '../core/definitions/registry.js';
import { RiskgraphError } from '../core/errors.js';
import type { JobServices } from '../core/ports/job-services.js';

/** @throws BAD_USER_INPUT that lists every job with a need that the services do not meet */
export function checkNeeds(jobs: Iterable<JobDefinition>, services: Partial<JobServices>): void {
  const problems = [...jobs].flatMap(({ file, needs = [] }) =>
    needs
      .filter((need) => services[need] === undefined)
      .map((need) => `${file} needs '${need}', which this process does not provide`),
  );
  if (problems.length === 0) return;
  throw new RiskgraphError({
    code: 'BAD_USER_INPUT',
    message: `${problems.length} problem${problems.length === 1 ? '' : 's'} with what jobs need:\n- ${problems.join('\n- ')}`,
    hint: `a job may need ${Object.keys(services).join(', ')}; provide another service in src/app.ts`,
    details: { problems },
  });
}

/** Picks exactly the services that the job names; `checkNeeds` has found them all. */
export function servicesFor({ needs = [] }: JobDefinition, services: Partial<JobServices>): JobServices {
  return Object.fromEntries(needs.map((need) => [need, services[need]])) as unknown as JobServices;
}
