// A registry mirror may serve a native package for one platform only; npm then leaves the other
// platforms out of package-lock.json and `npm ci` refuses the lock everywhere. This adds the missing
// optional entries (no integrity: npm fetches and checks them where they are needed).
// Run after every change of a dependency: `npm install && node tools/lock-platforms.mjs`.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!name.startsWith('@chdb/lib-') || lock.packages[`node_modules/${name}`]) continue;
    const [, os, cpu, libc] = /^@chdb\/lib-(linux|darwin)-(x64|arm64)(?:-(gnu))?$/.exec(name) ?? [];
    if (!os) throw new Error(`unknown platform in the name of ${name}: extend tools/lock-platforms.mjs`);
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(libc ? { libc: ['glibc'] } : {}),
      license: 'Apache-2.0',
      optional: true,
      os: [os],
    };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length > 0 ? `added to package-lock.json: ${added.join(', ')}` : 'package-lock.json is complete');
