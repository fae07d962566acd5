import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gap, gap, newId, toSeries } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { edgeCause } from '../edge-errors.ts';
import { startAlive } from './alive.ts';
import { type GapLedger, openGapLedger } from './gaps.ts';

const device = newId('device');
let directory: string;
let nowMs = 1_790_000_000_000;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-gaps-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const openHere = () => openGapLedger({ directory: join(directory, 'ledger'), now: () => nowMs });
async function written(ledger: GapLedger): Promise<Gap[]> {
  const records = await ledger.journal.read(0, {});
  return records.map(({ payload }) => gap.parse(JSON.parse(payload.toString('utf8'))));
}
const silent = { device, series: null, why: 'device-silent' as const, cause: null };

test('an open gap outlives a restart and is closed under the same id', async () => {
  let ledger = await openHere();
  await ledger.open({ ...silent, fromMs: nowMs });
  await ledger.open({ ...silent, fromMs: nowMs + 5 });
  await ledger.stop();
  ledger = await openHere();
  expect(ledger.openGaps()).toHaveLength(1);
  await ledger.close(device, 'device-silent', nowMs + 1000);
  expect(ledger.journal.consumer('open').committed).toBe(2);
  const [opened, closed] = await written(ledger);
  expect(closed).toEqual({ ...opened, toMs: nowMs + 1000 });
  expect(opened).toMatchObject({ toMs: null, fromMs: nowMs });
  await ledger.stop();
  ledger = await openHere();
  expect(ledger.openGaps()).toEqual([]);
  await ledger.stop();
});

test('an open gap is kept even when the platform has everything', async () => {
  let ledger = await openHere();
  const platform = ledger.journal.consumer('platform');
  await ledger.open({ ...silent, fromMs: nowMs });
  for (let i = 0; i < 20; i++)
    await ledger.open({ ...silent, why: 'point-bad', series: [toSeries(i + 1)], fromMs: nowMs });
  await ledger.close(device, 'point-bad', nowMs + 1);
  await platform.commit(ledger.journal.next);
  await ledger.journal.trim();
  expect(ledger.journal.consumer('open').committed).toBe(0);
  await ledger.stop();
  ledger = await openHere();
  expect(ledger.openGaps()).toMatchObject([{ why: 'device-silent' }]);
  await ledger.stop();
});

test('losses of one outage are one gap that grows; the next outage is another', async () => {
  const ledger = await openHere();
  const loss = { why: 'outbox-full' as const, device, cause: edgeCause('outbox.full') };
  await ledger.lose([{ ...loss, fromMs: 1000, toMs: 2000, samplesLost: 10 }]);
  await ledger.lose([{ ...loss, fromMs: 2000, toMs: 3000, samplesLost: 5 }]);
  ledger.endOutage();
  await ledger.lose([{ ...loss, fromMs: 9000, toMs: 9500, samplesLost: 1 }]);
  const all = await written(ledger);
  expect(all.map(({ fromMs, toMs, samplesLost }) => [fromMs, toMs, samplesLost])).toEqual([
    [1000, 2000, 10],
    [1000, 3000, 15],
    [9000, 9500, 1],
  ]);
  expect(new Set(all.map(({ id }) => id)).size).toBe(2);
  await ledger.stop();
});

test('the time in which the edge did not run is a gap that says whether it was stopped or ended by itself', async () => {
  const ledger = await openHere();
  const options = { directory, gaps: ledger, now: () => nowMs, onFault: () => undefined };
  const first = await startAlive(options);
  expect(await written(ledger)).toEqual([]);
  nowMs += 60_000;
  await first.stop();
  const stoppedMs = nowMs;
  nowMs += 3_600_000;
  const second = await startAlive(options);
  nowMs += 10_000;
  const third = await startAlive(options); // as after a power cut: the second was never stopped
  expect(await written(ledger)).toMatchObject([
    { why: 'edge-stopped', fromMs: stoppedMs, toMs: stoppedMs + 3_600_000, cause: { code: 'edge.stopped' } },
    { why: 'edge-stopped', fromMs: stoppedMs + 3_600_000, cause: { code: 'edge.crashed' } },
  ]);
  await second.stop();
  await third.stop();
  await ledger.stop();
});
