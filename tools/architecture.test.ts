import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { edgeFolders, serverFolders, workspaces } from './architecture-table.ts';
import { type Import, readImports } from './imports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const all = Object.keys(workspaces).flatMap((workspace) => readImports(root, `${workspace}/src`));
const shown = ({ from, to }: Import) => `${from} → ${to}`;

test('the imports were read', () => {
  expect(all.length).toBeGreaterThan(500);
});

describe.each(Object.entries(workspaces))('the workspace %s', (name, allowed) => {
  test('imports only the workspaces below it', () => {
    const strangers = all
      .filter(({ from }) => from.startsWith(`${name}/`))
      .filter(({ to }) => {
        const other =
          /^@luban\/([a-z]+)/.exec(to)?.[1] ?? Object.keys(workspaces).find((each) => to.startsWith(`${each}/`));
        return other !== undefined && other !== name && !allowed.includes(other);
      });
    expect(strangers.map(shown)).toEqual([]);
  });
});

/** The folder of a file below `base`, or undefined for a file that stands in `base` itself or elsewhere. */
function folderOf(base: string, file: string): string | undefined {
  return file.startsWith(base) && file.slice(base.length).includes('/')
    ? file.slice(base.length).split('/')[0]
    : undefined;
}

function crossings(base: string): (Import & { folder: string; other: string })[] {
  return all.flatMap((each) => {
    const folder = folderOf(base, each.from);
    const other = folderOf(base, each.to);
    return folder === undefined || other === undefined || folder === other ? [] : [{ ...each, folder, other }];
  });
}

describe.each([
  ['server/src/', serverFolders],
  ['edge/src/', edgeFolders],
] as const)('inside %s', (base, table) => {
  test('every folder stands in the table', () => {
    const folders = new Set(all.map(({ from }) => folderOf(base, from)).filter((folder) => folder !== undefined));
    expect([...folders].filter((folder) => !(folder in table))).toEqual([]);
  });
  test('a folder uses only what the table says', () => {
    expect(
      crossings(base)
        .filter(({ folder, other }) => !table[folder]?.includes(other))
        .map(shown),
    ).toEqual([]);
  });
  test('nothing but the wiring imports the wiring', () => {
    const wiring = ['app', 'main', 'config', 'records', 'operating'].map((name) => `${base}${name}.ts`);
    expect(all.filter(({ from, to }) => folderOf(base, from) !== undefined && wiring.includes(to)).map(shown)).toEqual(
      [],
    );
  });
});

test('a server feature is entered through its same-named file', () => {
  const backDoors = crossings('server/src/').filter(
    ({ other, to }) => other !== 'platform' && to !== `server/src/${other}/${other}.ts`,
  );
  expect(backDoors.map(shown)).toEqual([]);
});

test('no files import each other in a circle, not even for a type', () => {
  const next = new Map<string, string[]>();
  for (const { from, to } of all) if (to.includes('/')) next.set(from, [...(next.get(from) ?? []), to]);
  const circles: string[] = [];
  const done = new Set<string>();
  function visit(file: string, path: readonly string[]): void {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(' → '));
    if (at >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  }
  for (const file of next.keys()) visit(file, []);
  expect(circles).toEqual([]);
});
