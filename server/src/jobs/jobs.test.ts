import type { Job, TenantId, UserId } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { Refusal } from '../platform/errors.ts';
import { createJobs, type JobControl, type Jobs } from './jobs.ts';
import { jobMigrations } from './jobs-migrations.ts';

const alpha = {
  tenant: 'tenant:00000000000000000000' as TenantId,
  tenantNumber: 1,
  user: 'user:00000000000000000000' as UserId,
};
const beta = { ...alpha, tenant: 'tenant:00000000000000000001' as TenantId, tenantNumber: 2 };
const patient = { timeout: 10_000, interval: 5 };

let records: Awaited<ReturnType<typeof openTestDatabase>>;
let under: { job: Job; control: JobControl; finish: (report: string) => void; fail: (error: Error) => void }[];
let ended: string[];
const opened: Jobs[] = [];
beforeEach(async () => {
  records = await openTestDatabase();
  await migrate(records.database, jobMigrations);
  under = [];
  ended = [];
});
afterEach(async () => {
  for (const jobs of opened.splice(0)) await jobs.stop();
  await records.close();
});

/** Jobs that run until the test says so. */
async function open(): Promise<Jobs> {
  const jobs = createJobs({ database: records.database, nowMs: Date.now, lines: () => undefined });
  jobs.define('import-samples', {
    run: (job, _, control) =>
      new Promise((resolve, reject) => {
        under.push({ job, control, finish: resolve, fail: reject });
        control.signal.addEventListener('abort', () => reject(control.signal.reason));
      }),
    ended: async ({ id }) => void ended.push(id),
  });
  await jobs.start();
  opened.push(jobs);
  return jobs;
}
const running = () => expect.poll(() => under.length, patient);
const stateOf = async (jobs: Jobs, { id }: Job) => (await jobs.find(alpha.tenant, id)).state;

test('of one tenant one at a time, in order; another tenant does not wait', async () => {
  const jobs = await open();
  const first = await jobs.add(alpha, 'import-samples', 1);
  const second = await jobs.add(alpha, 'import-samples', 2);
  await jobs.add(beta, 'import-samples', 3);
  await running().toBe(2);
  expect(under.map(({ job }) => job.detail)).toEqual([1, 3]);
  expect(await stateOf(jobs, second)).toBe('waiting');
  await under[0]!.control.progress(5, 10);
  expect((await jobs.find(alpha.tenant, first.id)).progress).toEqual({ done: 5, total: 10 });
  under[0]!.finish('all well');
  await running().toBe(3);
  expect(await jobs.find(alpha.tenant, first.id)).toMatchObject({ state: 'done', report: 'all well' });
  expect(ended).toEqual([first.id]);
  await expect(jobs.find(beta.tenant, first.id)).rejects.toMatchObject({ code: 'jobs.not-found' });
});

test('what a stop cut off is run again from the beginning, and what waited is not forgotten', async () => {
  const before = await open();
  const first = await before.add(alpha, 'import-samples', 1);
  await before.add(alpha, 'import-samples', 2);
  await running().toBe(1);
  await before.stop();
  expect(ended).toEqual([]);
  const after = await open();
  await running().toBe(2);
  expect(under[1]!.job.id).toBe(first.id);
  under[1]!.finish('again');
  await running().toBe(3);
  expect(await stateOf(after, first)).toBe('done');
});

test('many that are asked for in the same millisecond keep their order', async () => {
  const jobs = createJobs({ database: records.database, nowMs: () => 1_790_000_000_000, lines: () => undefined });
  const made: string[] = [];
  for (let i = 0; i < 10; i++) made.push((await jobs.add(alpha, 'import-samples', i)).id);
  expect((await jobs.list(alpha.tenant, null, 20)).map(({ id }) => id)).toEqual(made.toReversed());
});

test('what is cancelled ends, whether it runs or waits', async () => {
  const jobs = await open();
  const first = await jobs.add(alpha, 'import-samples', 1);
  const second = await jobs.add(alpha, 'import-samples', 2);
  await running().toBe(1);
  expect((await jobs.cancel(alpha.tenant, second.id)).state).toBe('cancelled');
  expect((await jobs.cancel(alpha.tenant, first.id)).state).toBe('cancelled');
  expect((await jobs.list(alpha.tenant, null, 10)).map(({ id }) => id)).toEqual([second.id, first.id]);
  expect(ended).toEqual([second.id, first.id]);
});

test('a failure says why', async () => {
  const jobs = await open();
  const first = await jobs.add(alpha, 'import-samples', 1);
  await running().toBe(1);
  under[0]!.fail(new Refusal('imports.invalid', 'row 7'));
  await expect.poll(() => stateOf(jobs, first), patient).toBe('failed');
  expect(await jobs.find(alpha.tenant, first.id)).toMatchObject({
    cause: { code: 'imports.invalid', detail: 'row 7' },
  });
});
