import { setTimeout } from 'node:timers/promises';
import { type EdgeId, type EdgeReport, encodeBatch, type Sample, type Series, toBatch } from '@luban/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeTestLog } from '../log/log.test-support.ts';
import type { Log } from '../log/log.ts';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { createAccounting } from './accounting.ts';
import { accountingMigrations } from './accounting-migrations.ts';

let records: Awaited<ReturnType<typeof openTestDatabase>>;
let made: Awaited<ReturnType<typeof makeTestLog>>;
beforeEach(async () => {
  records = await openTestDatabase();
  await migrate(records.database, accountingMigrations);
  made = await makeTestLog();
});
afterEach(async () => {
  await records.close();
  await made.remove();
});

const sent = (sequence: number) => {
  const series = 1 as Series;
  const sample: Sample = { series, time: 1e15 + sequence, value: 1, quality: 0, simulated: false };
  return encodeBatch(toBatch([sample], sequence));
};

/** The books of a server that leads; all that the log holds is in its store. */
async function lead(log: Log) {
  const accounting = await createAccounting({
    ...{ database: records.database, log, consumer: log.consumer('accounting'), storedPosition: () => log.next },
    ...{
      holderOf: () => ({ holder: 'thing', edge: null }),
      bindings: () => 1,
      refusals: () => [],
      lost: () => undefined,
    },
    ...{ nowMs: () => 0, lines: () => undefined },
  });
  await accounting.lead();
  return accounting;
}

test('what comes again after a restart is known as repeated, though hundreds of messages came after it', async () => {
  const before = await made.open();
  const counted = await lead(before);
  // One after the other, so that none shares a message of the log with another.
  for (let sequence = 1; sequence <= 400; sequence++) await before.append(1, sent(sequence));
  await expect.poll(() => counted.ofTenant(1)).toEqual({ received: 400, repeated: 0, waiting: 0, stored: 400 });
  await counted.letGo();
  await before.close();

  const log = await made.open();
  const accounting = await lead(log);
  for (const sequence of [1, 200, 400, 401]) await log.append(1, sent(sequence));
  await expect.poll(() => accounting.ofTenant(1)).toEqual({ received: 404, repeated: 3, waiting: 0, stored: 404 });
  expect(accounting.backlogRecords()).toBe(0);
  await accounting.letGo();
  await log.close();
});

test('edges that report again and again while samples are counted leave nothing behind', async () => {
  const log = await made.open();
  const slow: Log = Object.create(log, {
    read: {
      value: async (...asked: Parameters<Log['read']>) => {
        await setTimeout(5);
        return log.read(...asked);
      },
    },
  });
  const accounting = await lead(slow);
  const [added, removed] = (['addEventListener', 'removeEventListener'] as const).map((name) =>
    vi.spyOn(EventTarget.prototype, name),
  ) as [ReturnType<typeof vi.spyOn>, ReturnType<typeof vi.spyOn>];
  const book = { collected: 0, pending: 0, refused: 0, dropped: 0, unknownLosses: 0 };
  const report = { book, timeMs: 1, backlog: { samples: 0 } } as unknown as EdgeReport;
  for (let turn = 1; turn <= 40; turn++) {
    await log.append(1, sent(turn));
    await accounting.reported('edge:a' as EdgeId, report);
  }
  expect(accounting.ofTenant(1).received).toBe(40);
  expect(added.mock.calls.length).toBeGreaterThanOrEqual(40);
  expect(added.mock.calls.length - removed.mock.calls.length).toBeLessThan(10);
  vi.restoreAllMocks();
  await accounting.letGo();
  await log.close();
});
