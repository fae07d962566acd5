import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** True when `made` is missing or older than anything in `sources` (files and folders). */
export function isStale(made, sources) {
  if (!existsSync(made)) return true;
  const madeMs = statSync(made).mtimeMs;
  return sources.some((source) => newest(source) > madeMs);
}

function newest(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
