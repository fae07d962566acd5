import type { Kysely, Migration } from 'kysely';
import { takeNumbers } from './counters.ts';
import type { Database } from './database.ts';

type MovedTenantTables = {
  /** Tenants that come or came from another platform, and the numbers that they have here. */
  arrived_tenants: {
    tenant: string;
    number: number;
    /** What was added to the numbers that it had there, which went up to `…_up_to`: none of them is greater. */
    series_added: number;
    series_up_to: number;
    senders_added: number;
    senders_up_to: number;
    /** 1: all of it is here. */
    complete: number;
  };
  /** Tenants that are at another platform now: here they are only kept. */
  departed_tenants: { tenant: string; place: string; at_ms: number };
};

export const movedTenantMigrations: Record<string, Migration> = {
  '0061-moved-tenants': {
    async up(db: Kysely<unknown>) {
      let arrived = db.schema
        .createTable('arrived_tenants')
        .addColumn('tenant', 'text', (column) => column.primaryKey());
      for (const name of ['number', 'series_added', 'series_up_to', 'senders_added', 'senders_up_to', 'complete'])
        arrived = arrived.addColumn(name, 'bigint', (column) => column.notNull());
      await arrived.execute();
      await db.schema
        .createTable('departed_tenants')
        .addColumn('tenant', 'text', (column) => column.primaryKey())
        .addColumn('place', 'text', (column) => column.notNull())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};

/** Numbers of a tenant that was at another platform: those that it had there, and what is added to them here. */
export interface ArrivedTenant {
  readonly tenant: string;
  readonly number: number;
  readonly series: AddedNumbers;
  readonly senders: AddedNumbers;
  readonly complete: boolean;
}

export interface AddedNumbers {
  readonly added: number;
  readonly upTo: number;
}

export async function arrivedTenants(database: Database): Promise<ArrivedTenant[]> {
  const rows = await database.withTables<MovedTenantTables>().selectFrom('arrived_tenants').selectAll().execute();
  return rows.map((row) => ({
    tenant: row.tenant,
    number: Number(row.number),
    series: { added: Number(row.series_added), upTo: Number(row.series_up_to) },
    senders: { added: Number(row.senders_added), upTo: Number(row.senders_up_to) },
    complete: Number(row.complete) === 1,
  }));
}

/**
 * Numbers for a tenant that is to arrive, which nobody has or had here. They are greater than all that it had there, so
 * a number says by itself which of the two it is. Asked again, the same, as long as the tenant has no new ones there.
 */
export function expectTenant(
  database: Database,
  tenant: string,
  had: { series: number; senders: number },
): Promise<ArrivedTenant> {
  return database.transaction().execute(async (transaction) => {
    const known = (await arrivedTenants(transaction)).find((one) => one.tenant === tenant);
    if (known !== undefined && had.series <= known.series.upTo && had.senders <= known.senders.upTo) return known;
    const db = transaction.withTables<MovedTenantTables & { tenants: { number: number } }>();
    const numbers = [
      ...(await db.selectFrom('tenants').select('number').execute()),
      ...(await db.selectFrom('arrived_tenants').select('number').execute()),
    ];
    const expected: ArrivedTenant = {
      tenant,
      number: known?.number ?? Math.max(0, ...numbers.map(({ number }) => Number(number))) + 1,
      series: await addedNumbers(transaction, 'series', had.series),
      senders: await addedNumbers(transaction, 'senders', had.senders),
      complete: false,
    };
    await db.deleteFrom('arrived_tenants').where('tenant', '=', tenant).execute();
    await db
      .insertInto('arrived_tenants')
      .values({
        tenant,
        number: expected.number,
        series_added: expected.series.added,
        series_up_to: expected.series.upTo,
        senders_added: expected.senders.added,
        senders_up_to: expected.senders.upTo,
        complete: 0,
      })
      .execute();
    return expected;
  });
}

async function addedNumbers(database: Database, counter: string, upTo: number): Promise<AddedNumbers> {
  // Twice as many as are needed at most: the first are skipped where this platform has given fewer than the other.
  const next = await takeNumbers(database, counter, Math.max(1, upTo));
  const skipped = Math.max(0, upTo + 1 - next);
  if (skipped > 0) await takeNumbers(database, counter, skipped);
  const added = next + skipped - 1;
  if (added + upTo > 0xffff_ffff) throw new Error(`the platform has no ${upTo} numbers of ${counter} left to give`);
  return { added, upTo };
}

/** All of it is here: with the transaction that brought it. */
export async function tenantArrived(database: Database, tenant: string): Promise<void> {
  const db = database.withTables<MovedTenantTables>();
  await db.updateTable('arrived_tenants').set({ complete: 1 }).where('tenant', '=', tenant).execute();
}

/** The tenants that are kept here but live elsewhere, and where. */
export async function departedTenants(database: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await database.withTables<MovedTenantTables>().selectFrom('departed_tenants').selectAll().execute();
  return new Map(rows.map(({ tenant, place }) => [tenant, place]));
}

/** From now on nothing of the tenant is taken or changed here. */
export async function closeTenant(database: Database, tenant: string, place: string, nowMs: number): Promise<void> {
  await database
    .withTables<MovedTenantTables>()
    .insertInto('departed_tenants')
    .values({ tenant, place, at_ms: nowMs })
    .onConflict((conflict) => conflict.column('tenant').doUpdateSet({ place }))
    .execute();
}

/** The tenant is at home here again. False when it was not away. */
export async function reopenTenant(database: Database, tenant: string): Promise<boolean> {
  const db = database.withTables<MovedTenantTables>();
  const { numDeletedRows } = await db.deleteFrom('departed_tenants').where('tenant', '=', tenant).executeTakeFirst();
  return numDeletedRows > 0n;
}
