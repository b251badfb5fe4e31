import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

const require = createRequire(import.meta.url);

export default defineConfig({
  // Two copies of graphql (CommonJS and ESM) would refuse each other's types.
  resolve: { alias: { graphql: require.resolve('graphql/index.js') } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: false } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // chDB is a native library with process-wide state: threads of one process would share it.
    pool: 'forks',
    maxWorkers: 2,
    // Only a test that hangs ever waits for these, so they leave room for a machine with much else to do.
    testTimeout: 180_000,
    hookTimeout: 400_000,
  },
});
