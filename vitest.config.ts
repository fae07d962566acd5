import { configDefaults, defineConfig } from 'vitest/config';

/** Runs that are worth their minutes only at length: `npm run test:faults` has them, with all others in `tests/faults`. */
const onlyAtLength = [
  'edge-disk-errors',
  'full-disks',
  'link-faults',
  'clock-jumps',
  'damaged-files',
  'backlog',
  'slow-consumers',
  'reconnect-storm',
  'any-one-dies', // short with the cluster tests
];
const faultRuns = process.env.LUBAN_TEST_FAULTS === 'long';

export default defineConfig({
  test: {
    include: faultRuns
      ? ['tests/faults/*.test.ts']
      : ['**/src/**/*.test.ts', 'tests/**/*.test.ts', 'tools/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      'tests/cluster/**', // they need servers that are not ours: `npm run test:cluster`
      ...(faultRuns ? [] : onlyAtLength.map((name) => `tests/faults/${name}.test.ts`)),
    ],
    globalSetup: ['tests/fixtures/joined-sources.ts'],
    pool: 'forks',
    // Real servers, disks and browsers: the limits are for hangs, not for speed.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Fault runs mount disks, make networks and measure memory: one at a time. The others wait half of their time, for
    // processes that start, leases that end and elections: one more than a small machine has cores.
    maxWorkers: faultRuns ? 1 : 3,
    expect: { poll: { timeout: 15_000 } },
  },
});
