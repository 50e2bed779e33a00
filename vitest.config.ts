import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'lambda/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    // ES modules that only a bundler takes for such.
    server: {deps: {inline: [/@aws-sdk\/client-\w+\/dist-es/]}},
  },
});
