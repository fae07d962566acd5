import { defaultRetention, retentionPolicy, type TenantId } from '@luban/contracts';
import { expect, test } from 'vitest';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import type { Things } from '../things/things.ts';
import { bytesAfter } from './disk-use.ts';
import { createRetention } from './retention.ts';
import { retentionMigrations } from './retention-migrations.ts';

test('sums are kept at least as long as what they sum up', () => {
  const ok = (sampleDays: number | null, minuteDays: number | null, hourDays: number | null) =>
    retentionPolicy.safeParse({ sampleDays, minuteDays, hourDays }).success;
  expect(ok(90, 90, null)).toBe(true);
  expect(ok(90, 30, null)).toBe(false);
  expect(ok(90, null, 365)).toBe(false);
  expect(ok(null, null, null)).toBe(true);
  expect(ok(0, null, null)).toBe(false);
  expect(retentionPolicy.parse(defaultRetention)).toEqual(defaultRetention);
});

test('disk use stops growing where everything expires, and goes on where something is kept for ever', () => {
  const bytes = { sampleBytes: 2, minuteBytes: 40, hourBytes: 60 };
  const daily = { samples: 86_400, hours: 24, policy: { sampleDays: 30, minuteDays: 60, hourDays: 100 } };
  expect(bytesAfter(1, daily, bytes)).toBe(86_400 * 2 + 1440 * 40 + 24 * 60);
  expect(bytesAfter(1000, daily, bytes)).toBe(bytesAfter(100, daily, bytes));
  const forever = { ...daily, policy: { ...daily.policy, hourDays: null } };
  expect(bytesAfter(200, forever, bytes) - bytesAfter(100, forever, bytes)).toBe(100 * 24 * 60);
  // A sample an hour makes a row an hour, not sixty.
  const seldom = { ...daily, samples: 24, policy: { sampleDays: null, minuteDays: null, hourDays: null } };
  expect(bytesAfter(1, seldom, bytes)).toBe(24 * 2 + 24 * 40 + 24 * 60);
});

test('the most specific rule holds, and rules are there after a restart', async () => {
  const records = await openTestDatabase();
  await migrate(records.database, retentionMigrations);
  const tenant = 'tenant:00000000000000000000' as TenantId;
  const nowMs = 1_800_000_000_000;
  const things = {
    modelOf: (series: number) => (series < 10 ? 'model:a' : 'model:b'),
    model: async () => ({ name: { zh: '型号', en: 'model' } }),
    point: (_: TenantId, series: number) => (series < 20 ? { name: { zh: '点', en: 'point' } } : undefined),
  } as unknown as Things;
  const open = () =>
    createRetention({
      database: records.database,
      things,
      nowMs: () => nowMs,
      lines: () => undefined,
      tenants: async () => [{ id: tenant, number: 1 }],
    });
  const keep = (sampleDays: number) => ({ sampleDays, minuteDays: null, hourDays: null });
  const first = await open();
  await first.put(tenant, 1, { scope: 'tenant', target: '', policy: keep(100) });
  await first.put(tenant, 1, { scope: 'model', target: 'model:a', policy: keep(50) });
  await first.put(tenant, 1, { scope: 'point', target: '3', policy: keep(7) });
  await first.put(tenant, 1, { scope: 'point', target: '3', policy: keep(8) });
  await expect(first.put(tenant, 1, { scope: 'point', target: '99', policy: keep(1) })).rejects.toMatchObject({
    code: 'points.not-found',
  });
  const second = await open();
  const days = [3, 4, 11].map((series) => second.policyOf(tenant, series).sampleDays);
  expect(days).toEqual([8, 50, 100]);
  expect(second.keepFrom(1, 3)).toEqual({ samplesUs: (nowMs - 8 * 86_400_000) * 1000, minutesUs: 0, hoursUs: 0 });
  expect(second.policyOf('tenant:00000000000000000001' as TenantId, 3)).toEqual(defaultRetention);
  await second.remove(tenant, { scope: 'point', target: '3' });
  expect(second.policyOf(tenant, 3).sampleDays).toBe(50);
  await records.close();
});
