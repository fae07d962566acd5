import type { IncomingHttpHeaders } from 'node:http';
import type { UserId } from '@luban/contracts';
import type { Actor } from '../platform/actor.ts';
import type { FoundSession, IdentityStore } from './identity-store.ts';
import { newSecretToken, secretTokenHash } from './secret-token.ts';

export const sessionCookie = 'luban_session';
/** A session ends this long after it began, however much it is used. */
export const sessionMs = 30 * 24 * 3_600_000;
/** … and after this long without use. */
const idleMs = 7 * 24 * 3_600_000;
/** How exactly the last use is kept. */
const seenStepMs = 5 * 60_000;
/** Another server's change of a role takes effect here after this long; this server's own at once. */
const cacheMs = 5000;
const mostCached = 10_000;

export type UserActor = Extract<Actor, { kind: 'user' }>;
export type Sessions = ReturnType<typeof createSessions>;

interface Cached {
  readonly actor: UserActor;
  readonly expiresMs: number;
  readonly readMs: number;
}

/** Who is signed in. The browser holds a random token, the database its hash, the memory the answer for 5 seconds. */
export function createSessions({ store, now }: { store: IdentityStore; now: () => number }) {
  const cache = new Map<string, Cached>();
  /** Counts what was forgotten, so that an answer read before a change is not kept after it. */
  let forgotten = 0;

  function remember(tokenHash: string, cached: Cached): void {
    if (cache.size >= mostCached) cache.clear();
    cache.set(tokenHash, cached);
  }

  async function read(tokenHash: string): Promise<UserActor | null> {
    const before = forgotten;
    const readMs = now();
    const found = await store.session(tokenHash);
    if (found === null) return null;
    const expiresMs = Math.min(found.expiresMs, found.seenMs + idleMs);
    if (expiresMs <= readMs) {
      await store.removeSession(tokenHash);
      return null;
    }
    if (readMs - found.seenMs >= seenStepMs) await store.sessionSeen(tokenHash, readMs);
    const actor = actorOfSession(found);
    if (before === forgotten) remember(tokenHash, { actor, expiresMs, readMs });
    return actor;
  }

  function forget(user: UserId): void {
    forgotten++;
    for (const [tokenHash, { actor }] of cache) if (actor.user === user) cache.delete(tokenHash);
  }

  return {
    /** The token for the browser's cookie. */
    async open(user: UserId): Promise<string> {
      const token = newSecretToken();
      const nowMs = now();
      await store.addSession({ tokenHash: secretTokenHash(token), user, nowMs, expiresMs: nowMs + sessionMs });
      return token;
    },
    /** Who holds this session; null when there is none, or its time is over. */
    async find(token: string): Promise<UserActor | null> {
      const tokenHash = secretTokenHash(token);
      const cached = cache.get(tokenHash);
      if (cached !== undefined && now() - cached.readMs < cacheMs && now() < cached.expiresMs) return cached.actor;
      cache.delete(tokenHash);
      return read(tokenHash);
    },
    async close(token: string): Promise<void> {
      const tokenHash = secretTokenHash(token);
      await store.removeSession(tokenHash);
      forgotten++;
      cache.delete(tokenHash);
    },
    /** After a new password: whoever else holds a session of this user has to sign in again. */
    async closeOthers(user: UserId, keptToken: string): Promise<void> {
      await store.removeOtherSessions(user, secretTokenHash(keptToken));
      forget(user);
    },
    /** After a change of role or a removal: the next request asks the database. */
    forget,
  };
}

function actorOfSession({ user, role, tenant, tenantNumber }: FoundSession): UserActor {
  return { kind: 'user', tenant, tenantNumber, user, role };
}

/** The session's token in a request's cookies. */
export function sessionTokenOf(headers: IncomingHttpHeaders): string | null {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [name = '', value = ''] = pair.trim().split('=', 2);
    if (name === sessionCookie && value !== '') return value;
  }
  return null;
}
