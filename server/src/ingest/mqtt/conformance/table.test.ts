import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../../..', import.meta.url));
const folders = ['', 'conformance', 'session', 'routing', 'store', 'wire']
  .map((folder) => join(root, 'server/src/ingest/mqtt', folder))
  .concat(join(root, 'tests'));

/** The text of the test file of that name. */
function textOf(file: string): string {
  const folder = folders.find((one) => existsSync(join(one, `${file}.test.ts`)));
  return folder === undefined ? '' : readFileSync(join(folder, `${file}.test.ts`), 'utf8');
}

test('every test that the table of normative statements names is there', () => {
  const table = readFileSync(join(root, 'docs/mqtt-conformance.md'), 'utf8');
  const named = [...table.matchAll(/`([a-z-]+): ([^`]+)`/g)].map(([, file, title]) => ({ file: file!, title: title! }));
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter(({ file, title }) => !textOf(file).includes(title))).toEqual([]);
});

test('every conformance test file is used by the table', () => {
  const table = readFileSync(join(root, 'docs/mqtt-conformance.md'), 'utf8');
  const files = readdirSync(join(root, 'server/src/ingest/mqtt/conformance')).filter((name) =>
    name.endsWith('.test.ts'),
  );
  const unused = files.map((name) => name.replace('.test.ts', '')).filter((file) => !table.includes(`\`${file}: `));
  expect(unused).toEqual(['table']);
});
