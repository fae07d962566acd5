import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export interface Import {
  /** The importing file, relative to the root. */
  readonly from: string;
  /** The imported file, relative to the root, or a package's name. */
  readonly to: string;
}

const statement =
  /^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

/** Every import of the product's own source under `folder`; tests and what only they use are left out. */
export function readImports(root: string, folder: string): Import[] {
  return sourceFiles(join(root, folder)).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(statement)].map(([, named, bare, dynamic]) => {
      const to = named ?? bare ?? dynamic ?? '';
      return {
        from: relative(root, file),
        to: to.startsWith('.') ? relative(root, resolve(dirname(file), to)) : to,
      };
    }),
  );
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : sourceFiles(path);
    return /\.tsx?$/.test(entry.name) && !/\.test\.|test-support|fixture|conformance/.test(entry.name) ? [path] : [];
  });
}
