/** Writes how long each test file of a run took, hooks and imports included, so that minutes have names. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** Seconds of each file of the last run; git does not see it. */
export const LAST_RUN = 'node_modules/.cache/riskgraph/test-durations.json';

const secondsOf = (module: TestModule): number => {
  const { prepareDuration, environmentSetupDuration, collectDuration, setupDuration, duration } = module.diagnostic();
  return (prepareDuration + environmentSetupDuration + collectDuration + setupDuration + duration) / 1000;
};

export class DurationsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const seconds = modules.map((module) => [module.relativeModuleId, Number(secondsOf(module).toFixed(1))] as const);
    mkdirSync(dirname(LAST_RUN), { recursive: true });
    writeFileSync(LAST_RUN, `${JSON.stringify(Object.fromEntries(seconds), null, 2)}\n`);
  }
}
