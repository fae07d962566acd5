import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { ArrivedTenant } from '../platform/database/moved-tenants.ts';
import type { Sealer } from '../platform/sealing.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import type { RecordRow } from './record-rows.ts';
import type { RecordTable } from './record-tables.ts';

/** Whose rows: the tenant, and the number that it has at this end. */
export interface TenantAt {
  readonly tenant: string;
  readonly number: number;
}

/** By its id, or by its name where only one has it. Throws StartRefusal. */
export async function findTenant(database: Database, idOrName: string): Promise<TenantAt> {
  const { rows } = await sql<{ id: string; number: number; name: string }>`
    select id, number, name from tenants order by number`.execute(database);
  const found = rows.filter(({ id, name }) => id === idOrName || name === idOrName);
  if (found.length === 1) return { tenant: found[0]!.id, number: Number(found[0]!.number) };
  const all = (found.length > 1 ? found : rows).map(({ id, name }) => `  ${id}  ${name}`).join('\n');
  throw new StartRefusal(
    found.length > 1
      ? {
          zh: `有多个租户名为 ${idOrName}，请指定 id：\n${all}`,
          en: `Several tenants are called ${idOrName}; give the id`,
        }
      : { zh: `没有租户 ${idOrName}。现有租户：\n${all}`, en: `There is no tenant ${idOrName}; those above are here` },
  );
}

/** Tables that are about a platform and its servers; what they say of one is not true of another. */
const ofPlatform = new Set([
  'counters',
  'accounting_progress',
  'servers',
  'duty_leases',
  'edge_presences',
  // Answers of the last day, sealed by the platform that gave them.
  'idempotency_keys',
  'arrived_tenants',
  'departed_tenants',
  'seal_keys',
]);

const bySender = ({ tenant }: TenantAt) => sql`sender in (
  select number from edges where tenant = ${tenant} union select number from things where tenant = ${tenant})`;

/** Whose the rows are of tables that have no column `tenant`, or in which it is no owner’s. */
const otherOwners: Record<string, (of: TenantAt) => RawBuilder<unknown>> = {
  tenants: ({ tenant }) => sql`id = ${tenant}`,
  sessions: ({ tenant }) => sql`user_id in (select id from users where tenant = ${tenant})`,
  sign_in_links: ({ tenant }) => sql`user_id in (select id from users where tenant = ${tenant})`,
  edge_books: ({ tenant }) => sql`edge in (select id from edges where tenant = ${tenant})`,
  accounts: ({ number }) => sql`tenant_number = ${number}`,
  account_refusals: bySender,
  account_refusals_of: bySender,
};

/**
 * Which rows of a table are a tenant's, as a condition; null: none of any. Throws for a table of which nobody has said
 * it: its rows would stay behind in silence.
 */
export function rowsOf(table: RecordTable, of: TenantAt): RawBuilder<unknown> | null {
  if (ofPlatform.has(table.name)) return null;
  const other = otherOwners[table.name];
  if (other !== undefined) return other(of);
  if (!table.columns.includes('tenant'))
    throw new Error(`nobody has said which rows of ${table.name} belong to a tenant`);
  return sql`tenant = ${of.tenant}`;
}

/** A row of the source as it is at the target, where numbers are others. */
export function renumberedRow(table: string, row: RecordRow, arrived: ArrivedTenant): RecordRow {
  const { series, senders } = arrived;
  const changed: Record<string, string | number | null> = { ...row };
  const add = (column: string, added: number) => {
    const value = row[column];
    if (typeof value === 'number' && value > 0) changed[column] = value + added;
  };
  const inJson = (column: string) => {
    changed[column] = withSeries(row[column], series.added);
  };
  if ('tenant_number' in row) changed.tenant_number = arrived.number;
  switch (table) {
    case 'tenants':
      changed.number = arrived.number;
      break;
    case 'points':
      add('series', series.added);
      add('sender', senders.added);
      break;
    case 'bindings':
      add('series', series.added);
      break;
    case 'things':
      add('number', senders.added);
      add('edge_number', senders.added);
      break;
    case 'edges':
      add('number', senders.added);
      // Its points have other numbers: an edge takes a configuration only when it is newer.
      add('configuration_version', 1);
      break;
    case 'account_refusals':
    case 'account_refusals_of':
      add('sender', senders.added);
      break;
    case 'retention_rules':
      if (row.scope === 'point') changed.target = String(Number(row.target) + series.added);
      break;
    case 'gaps':
      inJson('body');
      break;
    case 'jobs':
      inJson('detail');
      break;
  }
  return changed;
}

/** A text of JSON whose `series`, if it has any, are the numbers of points. */
function withSeries(text: string | number | null | undefined, added: number): string | number | null {
  if (typeof text !== 'string' || !text.includes('"series"')) return text ?? null;
  const body = JSON.parse(text) as { series?: unknown };
  if (!Array.isArray(body.series)) return text;
  return JSON.stringify({ ...body, series: body.series.map((one: number) => one + added) });
}

/** Secrets that the platform keeps readable are sealed by a key of its own at each end. */
export function resealed(table: string, row: RecordRow, from: Sealer, to: Sealer | null): RecordRow {
  const { sealed } = row;
  if (table !== 'thing_keys' || typeof sealed !== 'string') return row;
  return { ...row, sealed: to === null ? from.unseal(sealed) : to.seal(from.unseal(sealed)) };
}
