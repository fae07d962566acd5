import { createHash } from 'node:crypto';

/**
 * Stands for an object as it is: the same for the same content, in whatever order its fields come. Give it what can be
 * changed, without what changes by itself and without secrets.
 */
export function entityTagOf(object: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(object, sorted)).digest('base64url').slice(0, 22)}"`;
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether `If-Match` names the tag. A weak tag matches nothing (RFC 9110, 13.1.1). */
export function matches(ifMatch: string, tag: string): boolean {
  if (ifMatch.trim() === '*') return true;
  const named: string[] = ifMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return named.includes(tag);
}
