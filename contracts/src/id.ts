import { z } from 'zod';

/** The kinds of thing that have an id. The kind is the id's prefix, so that an id in a log line says what it names. */
export type IdKind =
  | 'tenant'
  | 'user'
  | 'site'
  | 'model'
  | 'thing'
  | 'edge'
  | 'device'
  | 'gap'
  | 'key'
  | 'job'
  | 'access'
  | 'certificate';
export type Id<K extends IdKind> = string & { readonly __id: K };

export type TenantId = Id<'tenant'>;
export type UserId = Id<'user'>;
export type SiteId = Id<'site'>;
export type ThingModelId = Id<'model'>;
export type ThingId = Id<'thing'>;
export type EdgeId = Id<'edge'>;
export type DeviceId = Id<'device'>;
export type JobId = Id<'job'>;
export type AccessKeyId = Id<'access'>;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const body = /^[0-9a-hjkmnp-tv-z]{20}$/;

/** A checked id: `thing:` and 20 characters of Crockford base 32. Throws a TypeError for anything else. */
export function toId<K extends IdKind>(kind: K, text: string): Id<K> {
  if (!isId(kind, text)) throw new TypeError(`not a ${kind} id: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  return text.startsWith(`${kind}:`) && body.test(text.slice(kind.length + 1));
}

/** A new id: 9 characters of time (ms), so that ids sort by age, and 11 random ones (55 bits). */
export function newId<K extends IdKind>(kind: K, nowMs: number = Date.now()): Id<K> {
  let time = '';
  for (let rest = nowMs, i = 0; i < 9; i++) {
    time = alphabet[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let random = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(11))) random += alphabet[byte & 31];
  return toId(kind, `${kind}:${time}${random}`);
}

/** The schema of an id of one kind, for doors. */
export function idSchema<K extends IdKind>(kind: K) {
  const schema = z
    .string()
    .refine((text) => isId(kind, text), { message: `must be a ${kind} id (${kind}:…)` })
    .meta({ examples: [`${kind}:01jqz7k3w0a1b2c3d4e5`] });
  // The refinement is what makes the brand true; zod cannot carry it in the type.
  return schema as unknown as z.ZodType<Id<K>, Id<K>>;
}
