import { type Job, type JobId, job, type TenantId } from '@luban/contracts';
import type { Selectable } from 'kysely';
import type { Database } from '../platform/database/database.ts';
import type { JobTables } from './jobs-migrations.ts';

/** A job with whose it is. */
export interface HeldJob {
  readonly tenant: TenantId;
  readonly tenantNumber: number;
  job: Job;
}

/** The only SQL about jobs. Every query of a user names the tenant. */
export function createJobsStore(database: Database) {
  const db = database.withTables<JobTables>();
  return {
    async insert({ tenant, tenantNumber, job: one }: HeldJob): Promise<void> {
      await db
        .insertInto('jobs')
        .values({
          id: one.id,
          tenant,
          tenant_number: tenantNumber,
          user: one.createdBy,
          kind: one.kind,
          created_ms: Date.parse(one.createdAt),
          detail: JSON.stringify(one.detail),
          ...changing(one),
        })
        .execute();
    },
    async update({ job: one }: HeldJob): Promise<void> {
      await db.updateTable('jobs').set(changing(one)).where('id', '=', one.id).execute();
    },
    /** Newest first, from `before` on. */
    async list(tenant: TenantId, before: string | null, limit: number): Promise<Job[]> {
      let query = db.selectFrom('jobs').selectAll().where('tenant', '=', tenant);
      if (before !== null) query = query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(toJob);
    },
    async find(tenant: TenantId, id: JobId): Promise<Job | null> {
      const row = await db
        .selectFrom('jobs')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : toJob(row);
    },
    /** Of all tenants, oldest first. */
    async unfinished(): Promise<HeldJob[]> {
      const rows = await db
        .selectFrom('jobs')
        .selectAll()
        .where('state', 'in', ['waiting', 'running'])
        .orderBy('id')
        .execute();
      return rows.map((row) => ({
        tenant: row.tenant as TenantId,
        tenantNumber: Number(row.tenant_number),
        job: toJob(row),
      }));
    },
    async removeFinishedBefore(ms: number): Promise<void> {
      await db.deleteFrom('jobs').where('finished_ms', '<', ms).execute();
    },
  };
}

function changing(one: Job) {
  return {
    state: one.state,
    finished_ms: one.finishedAt === null ? null : Date.parse(one.finishedAt),
    progress: JSON.stringify(one.progress),
    report: one.report === null ? null : JSON.stringify(one.report),
    cause: one.cause === null ? null : JSON.stringify(one.cause),
  };
}

function toJob(row: Selectable<JobTables['jobs']>): Job {
  const iso = (ms: number) => new Date(Number(ms)).toISOString();
  return job.parse({
    id: row.id,
    kind: row.kind,
    state: row.state,
    createdAt: iso(row.created_ms),
    finishedAt: row.finished_ms === null ? null : iso(row.finished_ms),
    createdBy: row.user,
    progress: JSON.parse(row.progress),
    detail: JSON.parse(row.detail),
    report: row.report === null ? null : JSON.parse(row.report),
    cause: row.cause === null ? null : JSON.parse(row.cause),
  });
}
