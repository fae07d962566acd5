import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch, qualityCode, toBatch, toSeries } from '@luban/contracts';
import { expect, test } from 'vitest';
import { createLogLines } from '../platform/log-lines.ts';
import { openLog } from './log.ts';

test('the log gives back each batch with its tenant and an arrival that only grows, also after opening again', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'luban-log-'));
  // A clock that stands still and one that goes back: arrival must grow all the same, it decides which write is the later.
  const clock = [1000, 1000, 900];
  const options = {
    directory,
    maxBytes: 1 << 26,
    nowUs: () => clock.shift() ?? 900,
    lines: createLogLines('error', () => undefined),
  };
  const bytes = (value: number) =>
    encodeBatch(toBatch([{ series: toSeries(1), time: 5, value, quality: qualityCode('good'), simulated: false }]));
  const log = await openLog(options);
  for (const [tenant, value] of [
    [1, 10],
    [2, 20],
    [1, 30],
  ] as const)
    await log.append(tenant, bytes(value));
  await log.consumer('test').commit(1);
  await log.close();

  const again = await openLog(options);
  const records = await again.read(again.consumer('test').committed, { records: 10 });
  expect(records.map(({ position, tenant, batch }) => [position, tenant, batch.value[0]])).toEqual([
    [1, 2, 20],
    [2, 1, 30],
  ]);
  await again.append(1, bytes(40));
  const [, , later] = await again.read(1, { records: 10 });
  expect(records[1]!.arrivalUs).toBeGreaterThan(records[0]!.arrivalUs);
  expect(later!.arrivalUs).toBeGreaterThan(records[1]!.arrivalUs);
  await again.close();
});
