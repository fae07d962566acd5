import { type Language, newId, type Role, type TenantId, type User, type UserId } from '@luban/contracts';
import { Refusal } from '../platform/errors.ts';
import type { LogLines } from '../platform/log-lines.ts';
import type { IdentityStore } from './identity-store.ts';
import type { Passwords } from './passwords.ts';
import type { Sessions, UserActor } from './sessions.ts';
import type { SignInThrottle } from './sign-in-throttle.ts';

export interface Users {
  /** Ordered by id, at most `limit`, after the id `after`. */
  list(tenant: TenantId, after: string | null, limit: number): Promise<User[]>;
  /** Throws Refusal users.not-found. */
  get(tenant: TenantId, id: UserId): Promise<User>;
  /** Throws Refusal users.email-taken. */
  add(
    tenant: TenantId,
    user: { name: string; email: string; role: Role; password: string; language: Language },
  ): Promise<User>;
  /** Takes effect at once. Throws Refusal users.not-found or users.last-owner. */
  change(tenant: TenantId, id: UserId, change: { name?: string; role?: Role }): Promise<User>;
  /** Their sessions end at once. Throws Refusal users.not-found or users.last-owner. */
  remove(tenant: TenantId, id: UserId): Promise<void>;
  /**
   * A user changes their own account. A new password wants the current one (unless there is none yet) and ends the
   * user's other sessions. Throws Refusal users.wrong-password; `throttledMs`: too many wrong ones.
   */
  changeOwn(
    actor: UserActor,
    change: OwnChange,
    request: { token: string; address: string },
  ): Promise<'done' | { throttledMs: number }>;
}

interface OwnChange {
  readonly name?: string | undefined;
  readonly language?: Language | undefined;
  readonly newPassword?: string | undefined;
  readonly currentPassword?: string | undefined;
}

/** The people of each tenant. */
export function createUsers(parts: {
  store: IdentityStore;
  sessions: Sessions;
  passwords: Passwords;
  throttle: SignInThrottle;
  now: () => number;
  log: LogLines;
}): Users {
  const { store, sessions, passwords, throttle, now, log } = parts;

  async function get(tenant: TenantId, id: UserId): Promise<User> {
    const user = await store.user(tenant, id);
    if (user === null) throw new Refusal('users.not-found');
    return user;
  }

  /** Guessing the current password in a stolen session is slowed like guessing it at the door. */
  async function checkCurrentPassword(actor: UserActor, given: string, address: string): Promise<number> {
    const hash = await store.passwordHash(actor.user);
    if (hash === null) return 0;
    const attempt = { account: (await get(actor.tenant, actor.user)).email, address };
    const throttledMs = throttle.attempt(attempt);
    if (throttledMs > 0) return throttledMs;
    if (!(await passwords.verify(given, hash))) throw new Refusal('users.wrong-password');
    throttle.succeeded(attempt);
    return 0;
  }

  return {
    list: (tenant, after, limit) => store.users(tenant, after, limit),
    get,
    async add(tenant, { name, email, role, password, language }) {
      const id = newId('user', now());
      const added = await store.addUser({
        id,
        tenant,
        name,
        email: email.toLowerCase(),
        role,
        passwordHash: await passwords.hash(password),
        language,
        createdMs: now(),
      });
      if (!added) throw new Refusal('users.email-taken');
      log('info', 'user added', { tenant, user: id, role });
      return get(tenant, id);
    },
    async change(tenant, id, change) {
      const result = await store.changeUser(tenant, id, change);
      if (result !== 'done') throw new Refusal(`users.${result}`);
      sessions.forget(id);
      if (change.role !== undefined) log('info', 'role changed', { tenant, user: id, role: change.role });
      return get(tenant, id);
    },
    async remove(tenant, id) {
      const result = await store.removeUser(tenant, id);
      if (result !== 'done') throw new Refusal(`users.${result}`);
      sessions.forget(id);
      log('info', 'user removed', { tenant, user: id });
    },
    async changeOwn(actor, { newPassword, currentPassword, ...change }, { token, address }) {
      if (newPassword !== undefined) {
        const throttledMs = await checkCurrentPassword(actor, currentPassword ?? '', address);
        if (throttledMs > 0) return { throttledMs };
        await store.changeOwnUser(actor.user, { ...change, passwordHash: await passwords.hash(newPassword) });
        await sessions.closeOthers(actor.user, token);
        log('info', 'password changed', { user: actor.user });
      } else await store.changeOwnUser(actor.user, change);
      return 'done';
    },
  };
}
