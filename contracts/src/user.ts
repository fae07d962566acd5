import { z } from 'zod';
import { idSchema } from './id.ts';
import { language, tenant } from './tenant.ts';
import { givenName } from './text.ts';

/** From most to least powerful. */
export const roles = ['owner', 'engineer', 'operator', 'viewer'] as const;
export const role = z.enum(roles);
export type Role = z.infer<typeof role>;

/** Every permission of the product: `<what>.<read|write…>`. A route names exactly one. */
export const permissions = [
  'things.read',
  'things.write',
  'readings.read',
  'readings.delete',
  'retention.write',
  'samples.write',
  'edges.read',
  'edges.write',
  'access.read',
  'access.write',
  'users.read',
  'users.write',
  'platform.read',
] as const;
export type Permission = (typeof permissions)[number];

/**
 * About the platform itself and not about a tenant's own: it holds only where one tenant has the platform for itself. Where
 * several share it, nobody has it but the operator, on the servers' own machines.
 */
export function isOfPlatform(permission: string): boolean {
  return permission.startsWith('platform.');
}

const viewer: readonly Permission[] = ['things.read', 'readings.read', 'edges.read'];
const engineer: readonly Permission[] = [
  ...viewer,
  'things.write',
  'samples.write',
  'retention.write',
  'edges.write',
  'access.read',
  'access.write',
  'users.read',
];
const granted: Record<Role, readonly Permission[]> = { owner: permissions, engineer, operator: viewer, viewer };

export function may(who: Role, what: Permission): boolean {
  return granted[who].includes(what);
}

export const email = z.email().max(200);
/** Length is what counts (NIST SP 800-63B); no rules on which characters. */
export const password = z.string().min(10).max(200);

export const user = z.object({
  id: idSchema('user'),
  name: givenName,
  email,
  role,
  language,
  createdAt: z.iso.datetime(),
});
export type User = z.infer<typeof user>;
export const newUser = z.object({ name: givenName, email, role, password, language: language.default('zh') });

/** Who is signed in. */
export const me = z.object({ user, tenant, permissions: z.array(z.enum(permissions)) });
export type Me = z.infer<typeof me>;

export const signIn = z.object({ email, password: z.string().min(1).max(200) });
export const signInByLink = z.object({ token: z.string().min(20).max(200) });

/** The first visit: who owns this platform, and which plant it is for. */
export const setup = z.object({
  language,
  owner: z.object({ name: givenName, email, password }),
  plant: z.object({ name: givenName, timeZone: z.string() }).extend({ timeZone: tenant.shape.timeZone }),
  demoPlant: z.boolean(),
});
export type Setup = z.infer<typeof setup>;
export const setupState = z.object({ needed: z.boolean() });
