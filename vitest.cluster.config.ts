import { readdirSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import embedded from './vitest.config.ts';

/** Every suite that makes what it keeps by one of these runs here once more, on the engines of a cluster. */
const onBothEngines = /\/(records|log|telemetry)\.test-support\.ts|(in-process-platform|mqtt-ingest-fixture)\.ts/;

const suites = ['server/src', 'tests'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file}`)
    .filter((file) => file.endsWith('.test.ts') && onBothEngines.test(readFileSync(file, 'utf8'))),
);

/** The same product on the engines of a cluster: `npm run test:cluster`. */
export default mergeConfig(
  { ...embedded, test: { ...embedded.test, include: [], exclude: configDefaults.exclude } },
  defineConfig({
    test: {
      include: ['tests/cluster/**/*.test.ts', 'tests/faults/any-one-dies.test.ts', ...suites],
      globalSetup: ['tests/fixtures/cluster/global-setup.ts'],
    },
  }),
);
