import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    // What an installation keeps beside compose.yaml is its own.
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('secrets'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
const pages = [
  ...filesIn('docs').filter((path) => path.endsWith('.md')),
  ...['README.md', 'README.zh.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'],
];

/** The keys of a configuration's schema. */
const settingsOf = (config: string) => [...text(config).matchAll(/^ {2}(LUBAN_[A-Z_]+):/gm)].map(([, key]) => key!);
const settings = new Set([...settingsOf('server/src/config.ts'), ...settingsOf('edge/src/config.ts')]);
const namedIn = (path: string) => [...text(path).matchAll(/LUBAN_[A-Z]+(?:_[A-Z]+)*/g)].map(([name]) => name);

describe('the settings', () => {
  test('were read', () => {
    expect(settings.size).toBeGreaterThan(25);
  });
  test.each([...pages, ...filesIn('deploy')])('that %s names exist', (path) => {
    expect(namedIn(path).filter((name) => !settings.has(name))).toEqual([]);
  });
  test.each([
    ['English', ['README.md', 'docs/production.md']],
    ['Chinese', ['README.zh.md', 'docs/production.zh.md']],
  ])('are all named in the %s README or guide', (_language, where) => {
    const named = new Set(where.flatMap(namedIn));
    expect([...settings].filter((name) => !named.has(name))).toEqual([]);
  });
});

test.each(pages)('every relative link of %s points to a file that exists', (path) => {
  const targets = [...text(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!.split('#')[0]!);
  const relative = targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target));
  expect(relative.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([]);
});

test('the production guide tells the same commands in both languages', () => {
  const commands = (path: string) => [...text(path).matchAll(/^```[a-z]*\n(.*?)^```$/gms)].map(([, block]) => block);
  expect(commands('docs/production.md').length).toBeGreaterThan(5);
  expect(commands('docs/production.zh.md')).toEqual(commands('docs/production.md'));
});
