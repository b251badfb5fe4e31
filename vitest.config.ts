import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { DurationsReporter } from './test/support/durations-reporter.js';
import { LongestFirst } from './test/support/longest-first.js';
import { testProjects } from './test/support/test-projects.js';

const require = createRequire(import.meta.url);
const { pure, stores } = testProjects();

export default defineConfig({
  // Two copies of graphql (CommonJS and ESM) would refuse each other's types.
  resolve: { alias: { graphql: require.resolve('graphql/index.js') } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: false } },
  test: {
    // chDB is a native library with process-wide state: threads of one process would share it.
    pool: 'forks',
    // As many as a small machine has cores. A third fills what waits leave idle, and makes every wait longer.
    maxWorkers: 2,
    // Nothing of ours keeps state in a module: a worker loads the program once and runs file after file.
    isolate: false,
    // Programs that tests start again and again find their code compiled.
    env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/riskgraph/compiled') },
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new DurationsReporter()],
    // Only a test that hangs ever waits for these, so they leave room for a machine with much else to do.
    testTimeout: 180_000,
    hookTimeout: 400_000,
    projects: [
      { extends: true, test: { name: 'pure', include: [...pure] } },
      {
        extends: true,
        test: { name: 'stores', include: [...stores], globalSetup: ['test/support/global-setup.ts'] },
      },
    ],
  },
});
