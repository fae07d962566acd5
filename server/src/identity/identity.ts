import type { IncomingHttpHeaders } from 'node:http';
import {
  isOfPlatform,
  type Language,
  type Me,
  may,
  newId,
  permissions,
  type Setup,
  type TenantId,
  type User,
  type UserId,
} from '@luban/contracts';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../platform/actor.ts';
import type { Database } from '../platform/database/database.ts';
import { Refusal } from '../platform/errors.ts';
import type { LogLines } from '../platform/log-lines.ts';
import { createIdentityStore, type NumberedTenant } from './identity-store.ts';
import { createPasswords, type Passwords } from './passwords.ts';
import { newSecretToken, secretTokenHash } from './secret-token.ts';
import { createSessions, sessionTokenOf, type UserActor } from './sessions.ts';
import { newSetupCode } from './setup-code.ts';
import { createSignInThrottle } from './sign-in-throttle.ts';
import { createUsers, type Users } from './users.ts';

export type { NumberedTenant } from './identity-store.ts';

/** A sign-in link works once, within this time. */
const linkMs = 15 * 60_000;

interface NewTenant {
  readonly name: string;
  readonly timeZone: string;
  readonly language: Language;
  /** Password null: the owner signs in by link until they set one. */
  readonly owner: { readonly name: string; readonly email: string; readonly password: string | null };
}

/** `token` is for the session cookie and for nothing else. */
export interface SignedIn {
  readonly token: string;
  readonly me: Me;
}

export interface Identity {
  /** Who asks, by the session cookie; null for nobody. */
  authenticate(request: FastifyRequest): Promise<Actor | null>;
  /** The same for a WebSocket's upgrade request. */
  authenticateUpgrade(headers: IncomingHttpHeaders): Promise<Actor | null>;
  setupNeeded(): Promise<boolean>;
  /** What the first visitor types when they come over the network. New at each start. */
  setupCode(): string;
  /** Whether no other tenant shares the platform with this one. */
  ownsPlatform(tenant: TenantId): Promise<boolean>;
  /** The first tenant and its owner, signed in. Refuses with setup.done when there is a tenant. */
  setUp(setup: Setup): Promise<SignedIn & { tenant: NumberedTenant; user: User }>;
  /** Throws Refusal users.email-taken. */
  createTenant(tenant: NewTenant): Promise<{ tenant: NumberedTenant; user: User }>;
  tenants(): Promise<NumberedTenant[]>;
  tenant(id: TenantId): Promise<NumberedTenant | null>;
  /** The number that telemetry keeps for this tenant, ≥ 1. Throws an Error when there is no such tenant. */
  tenantNumber(id: TenantId): Promise<number>;
  /** A one-time token, good for 15 minutes: `/link/<token>` in the console. */
  createSignInLink(user: UserId): Promise<string>;
  signIn(attempt: {
    email: string;
    password: string;
    address: string;
  }): Promise<SignedIn | { throttledMs: number } | 'wrong-credentials'>;
  signInByLink(token: string): Promise<SignedIn | 'link-used'>;
  signOut(token: string): Promise<void>;
  me(actor: UserActor): Promise<Me>;
  readonly users: Users;
}

export interface IdentityOptions {
  readonly database: Database;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: LogLines;
  readonly passwords?: Passwords;
  /** What the setup code is made of where several servers must know the same; random when absent. */
  readonly setupSecret?: Uint8Array | undefined;
}

/** Tenants, users, roles and sessions: who may do what. */
export function createIdentity(options: IdentityOptions): Identity {
  const { database, now, log, passwords = createPasswords(), setupSecret } = options;
  const store = createIdentityStore(database);
  const sessions = createSessions({ store, now });
  const throttle = createSignInThrottle({ now });
  const users = createUsers({ store, sessions, passwords, throttle, now, log });
  const code = newSetupCode(setupSecret);

  async function addTenant(tenant: NewTenant, first: boolean) {
    const { owner, ...rest } = tenant;
    const passwordHash = owner.password === null ? null : await passwords.hash(owner.password);
    const id = newId('tenant', now());
    const ownerId = newId('user', now());
    const added = await store.addTenant(
      { id, ...rest },
      {
        id: ownerId,
        tenant: id,
        name: owner.name,
        email: owner.email.toLowerCase(),
        role: 'owner',
        passwordHash,
        language: tenant.language,
        createdMs: now(),
      },
      { first },
    );
    if (added === 'not-first') throw new Refusal('setup.done');
    if (added === 'email-taken') throw new Refusal('users.email-taken');
    log('info', 'tenant created', { tenant: id, owner: ownerId });
    return { tenant: added, user: await users.get(id, ownerId) };
  }

  async function find(headers: IncomingHttpHeaders): Promise<UserActor | null> {
    const token = sessionTokenOf(headers);
    return token === null ? null : sessions.find(token);
  }

  async function ownsPlatform(tenant: TenantId): Promise<boolean> {
    const all = await store.tenants();
    return all.length === 1 && all[0]?.id === tenant;
  }

  async function me({ tenant, user, role }: Pick<UserActor, 'tenant' | 'user' | 'role'>): Promise<Me> {
    const found = await store.tenant(tenant);
    if (found === null) throw new Error(`the tenant ${tenant} of a signed-in user is gone`);
    const { number, ...shown } = found;
    const owns = await ownsPlatform(tenant);
    return {
      user: await users.get(tenant, user),
      tenant: shown,
      permissions: permissions.filter((permission) => may(role, permission) && (owns || !isOfPlatform(permission))),
    };
  }

  async function openSession(user: UserId): Promise<SignedIn> {
    const token = await sessions.open(user);
    const actor = await sessions.find(token);
    if (actor === null) throw new Error(`the new session of ${user} is not in the database`);
    return { token, me: await me(actor) };
  }

  return {
    authenticate: (request) => find(request.headers),
    authenticateUpgrade: find,
    async setupNeeded() {
      return !(await store.hasTenant());
    },
    setupCode: () => code,
    ownsPlatform,
    async setUp({ language, owner, plant }) {
      if (await store.hasTenant()) throw new Refusal('setup.done');
      const created = await addTenant({ ...plant, language, owner }, true);
      return { ...created, ...(await openSession(created.user.id)) };
    },
    createTenant: (tenant) => addTenant(tenant, false),
    tenants: () => store.tenants(),
    tenant: (id) => store.tenant(id),
    async tenantNumber(id) {
      const tenant = await store.tenant(id);
      if (tenant === null) throw new Error(`there is no tenant ${id}`);
      return tenant.number;
    },
    async createSignInLink(user) {
      const token = newSecretToken();
      const nowMs = now();
      await store.addSignInLink({ tokenHash: secretTokenHash(token), user, nowMs, expiresMs: nowMs + linkMs });
      return token;
    },
    async signIn({ email, password, address }) {
      const attempt = { account: email.toLowerCase(), address };
      const throttledMs = throttle.attempt(attempt);
      if (throttledMs > 0) {
        log('warn', 'sign-in throttled', { address, waitMs: throttledMs });
        return { throttledMs };
      }
      const known = await store.credentials(attempt.account);
      const right = await passwords.verify(password, known?.passwordHash ?? null);
      if (known === null || !right) {
        log('warn', 'sign-in refused', { address, user: known?.user });
        return 'wrong-credentials';
      }
      throttle.succeeded(attempt);
      log('info', 'signed in', { address, user: known.user });
      return openSession(known.user);
    },
    async signInByLink(token) {
      const user = await store.useSignInLink(secretTokenHash(token), now());
      if (user === null) return 'link-used';
      log('info', 'signed in by link', { user });
      return openSession(user);
    },
    signOut: (token) => sessions.close(token),
    me,
    users,
  };
}
