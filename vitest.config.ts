import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, pool: 'forks',
    // The tests run the program itself, which uses both cores.
    maxWorkers: 2,
    globalSetup: 'test/build.ts', reporters: ['default'] },
})
