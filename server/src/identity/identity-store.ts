import type { Language, Role, Tenant, TenantId, User, UserId } from '@luban/contracts';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from '../platform/database/database.ts';

/** bigint: PostgreSQL's driver hands it over as text. */
type Ms = ColumnType<number | string, number, number>;

// A type, not an interface: Kysely wants an index signature.
type IdentityTables = {
  tenants: { id: TenantId; number: number; name: string; time_zone: string; language: Language };
  users: {
    id: UserId;
    tenant: TenantId;
    name: string;
    email: string;
    role: Role;
    password_hash: string | null;
    language: Language;
    created_ms: Ms;
  };
  sessions: { token_hash: string; user_id: UserId; created_ms: Ms; seen_ms: Ms; expires_ms: Ms };
  sign_in_links: {
    token_hash: string;
    user_id: UserId;
    expires_ms: Ms;
    used_ms: ColumnType<number | string | null, null, number>;
  };
  arrived_tenants: { number: number | string };
};

export type NumberedTenant = Tenant & { readonly number: number };
export interface NewUserRow {
  readonly id: UserId;
  readonly tenant: TenantId;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly passwordHash: string | null;
  readonly language: Language;
  readonly createdMs: number;
}
export interface FoundSession {
  readonly user: UserId;
  readonly role: Role;
  readonly tenant: TenantId;
  readonly tenantNumber: number;
  readonly seenMs: number;
  readonly expiresMs: number;
}
export type IdentityStore = ReturnType<typeof createIdentityStore>;

const userColumns = ['id', 'name', 'email', 'role', 'language', 'created_ms'] as const;

/** The only place with SQL for tenants, users, sessions and sign-in links. Emails are kept in lower case. */
export function createIdentityStore(database: Database) {
  const db = database.withTables<IdentityTables>();

  /**
   * Runs `change` unless it would leave the tenant without an owner. The tenant's row is written first: that makes two
   * such changes wait for each other in PostgreSQL as well.
   */
  async function keepingAnOwner(
    tenant: TenantId,
    id: UserId,
    losesOwner: boolean,
    change: (transaction: typeof db) => Promise<unknown>,
  ): Promise<'done' | 'not-found' | 'last-owner'> {
    return db.transaction().execute(async (transaction) => {
      await transaction
        .updateTable('tenants')
        .set((row) => ({ name: row.ref('name') }))
        .where('id', '=', tenant)
        .execute();
      const user = await transaction
        .selectFrom('users')
        .select('role')
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      if (user === undefined) return 'not-found';
      if (losesOwner && user.role === 'owner') {
        const others = await transaction
          .selectFrom('users')
          .select('id')
          .where('tenant', '=', tenant)
          .where('role', '=', 'owner')
          .where('id', '!=', id)
          .limit(1)
          .execute();
        if (others.length === 0) return 'last-owner';
      }
      await change(transaction);
      return 'done';
    });
  }

  return {
    async hasTenant(): Promise<boolean> {
      return (await db.selectFrom('tenants').select('id').limit(1).execute()).length > 0;
    },
    async tenants(): Promise<NumberedTenant[]> {
      return (await db.selectFrom('tenants').selectAll().orderBy('number').execute()).map(toTenant);
    },
    async tenant(id: TenantId): Promise<NumberedTenant | null> {
      const row = await db.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toTenant(row);
    },
    /** Makes the tenant and its owner, or nothing. `first`: only where no tenant is. */
    async addTenant(
      tenant: Tenant,
      owner: NewUserRow,
      { first }: { first: boolean },
    ): Promise<NumberedTenant | 'not-first' | 'email-taken'> {
      return db.transaction().execute(async (transaction) => {
        const last = await transaction
          .selectFrom('tenants')
          .select('number')
          .orderBy('number', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (first && last !== undefined) return 'not-first';
        const taken = await transaction.selectFrom('users').select('id').where('email', '=', owner.email).execute();
        if (taken.length > 0) return 'email-taken';
        // Two servers that do this at once meet at the unique number: one of them fails.
        // Those of tenants that are on their way from another platform are given too.
        const expected = await transaction.selectFrom('arrived_tenants').select('number').execute();
        const number = Math.max(last?.number ?? 0, ...expected.map((one) => Number(one.number))) + 1;
        const { id, name, timeZone, language } = tenant;
        await transaction.insertInto('tenants').values({ id, number, name, time_zone: timeZone, language }).execute();
        await transaction.insertInto('users').values(toUserRow(owner)).execute();
        return { ...tenant, number };
      });
    },

    async users(tenant: TenantId, after: string | null, limit: number): Promise<User[]> {
      let query = db.selectFrom('users').select(userColumns).where('tenant', '=', tenant);
      if (after !== null) query = query.where('id', '>', after as UserId);
      return (await query.orderBy('id').limit(limit).execute()).map(toUser);
    },
    async user(tenant: TenantId, id: UserId): Promise<User | null> {
      const row = await db
        .selectFrom('users')
        .select(userColumns)
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : toUser(row);
    },
    /** False: the email is taken. */
    async addUser(user: NewUserRow): Promise<boolean> {
      const result = await db
        .insertInto('users')
        .values(toUserRow(user))
        .onConflict((conflict) => conflict.column('email').doNothing())
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async changeUser(tenant: TenantId, id: UserId, change: { name?: string; role?: Role }) {
      const losesOwner = change.role !== undefined && change.role !== 'owner';
      return keepingAnOwner(tenant, id, losesOwner, async (transaction) => {
        if (Object.keys(change).length > 0)
          await transaction.updateTable('users').set(change).where('id', '=', id).execute();
      });
    },
    async removeUser(tenant: TenantId, id: UserId) {
      return keepingAnOwner(tenant, id, true, (transaction) =>
        transaction.deleteFrom('users').where('id', '=', id).execute(),
      );
    },
    async changeOwnUser(id: UserId, change: { name?: string; language?: Language; passwordHash?: string }) {
      const { passwordHash, ...rest } = change;
      const set = { ...rest, ...(passwordHash === undefined ? {} : { password_hash: passwordHash }) };
      if (Object.keys(set).length > 0) await db.updateTable('users').set(set).where('id', '=', id).execute();
    },
    async passwordHash(id: UserId): Promise<string | null> {
      const row = await db.selectFrom('users').select('password_hash').where('id', '=', id).executeTakeFirst();
      return row?.password_hash ?? null;
    },
    async credentials(email: string): Promise<{ user: UserId; passwordHash: string | null } | null> {
      const row = await db
        .selectFrom('users')
        .select(['id', 'password_hash'])
        .where('email', '=', email)
        .executeTakeFirst();
      return row === undefined ? null : { user: row.id, passwordHash: row.password_hash };
    },

    /** Adds a session, and forgets those whose time is over. */
    async addSession(session: { tokenHash: string; user: UserId; nowMs: number; expiresMs: number }): Promise<void> {
      const { tokenHash, user, nowMs, expiresMs } = session;
      await db.deleteFrom('sessions').where('expires_ms', '<=', nowMs).execute();
      await db
        .insertInto('sessions')
        .values({ token_hash: tokenHash, user_id: user, created_ms: nowMs, seen_ms: nowMs, expires_ms: expiresMs })
        .execute();
    },
    async session(tokenHash: string): Promise<FoundSession | null> {
      const row = await db
        .selectFrom('sessions')
        .innerJoin('users', 'users.id', 'sessions.user_id')
        .innerJoin('tenants', 'tenants.id', 'users.tenant')
        .select(['users.id as user', 'users.role', 'users.tenant', 'tenants.number as tenantNumber'])
        .select(['sessions.seen_ms', 'sessions.expires_ms'])
        .where('sessions.token_hash', '=', tokenHash)
        .executeTakeFirst();
      if (row === undefined) return null;
      const { seen_ms, expires_ms, ...who } = row;
      return { ...who, seenMs: Number(seen_ms), expiresMs: Number(expires_ms) };
    },
    async sessionSeen(tokenHash: string, nowMs: number): Promise<void> {
      await db.updateTable('sessions').set({ seen_ms: nowMs }).where('token_hash', '=', tokenHash).execute();
    },
    async removeSession(tokenHash: string): Promise<void> {
      await db.deleteFrom('sessions').where('token_hash', '=', tokenHash).execute();
    },
    async removeOtherSessions(user: UserId, keptTokenHash: string): Promise<void> {
      await db.deleteFrom('sessions').where('user_id', '=', user).where('token_hash', '!=', keptTokenHash).execute();
    },

    /** Adds a link, and forgets those whose time is over. */
    async addSignInLink(link: { tokenHash: string; user: UserId; nowMs: number; expiresMs: number }): Promise<void> {
      await db.deleteFrom('sign_in_links').where('expires_ms', '<=', link.nowMs).execute();
      await db
        .insertInto('sign_in_links')
        .values({ token_hash: link.tokenHash, user_id: link.user, expires_ms: link.expiresMs, used_ms: null })
        .execute();
    },
    /** The link's user, once. Null: unknown, used, or its time is over. */
    async useSignInLink(tokenHash: string, nowMs: number): Promise<UserId | null> {
      const row = await db
        .updateTable('sign_in_links')
        .set({ used_ms: nowMs })
        .where('token_hash', '=', tokenHash)
        .where('used_ms', 'is', null)
        .where('expires_ms', '>', nowMs)
        .returning('user_id')
        .executeTakeFirst();
      return row?.user_id ?? null;
    },
  };
}

function toTenant(row: Selectable<IdentityTables['tenants']>): NumberedTenant {
  return { id: row.id, number: row.number, name: row.name, timeZone: row.time_zone, language: row.language };
}

function toUser(row: Pick<Selectable<IdentityTables['users']>, (typeof userColumns)[number]>): User {
  const { created_ms, ...rest } = row;
  return { ...rest, createdAt: new Date(Number(created_ms)).toISOString() };
}

function toUserRow({ passwordHash, createdMs, ...rest }: NewUserRow) {
  return { ...rest, password_hash: passwordHash, created_ms: createdMs };
}
