import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { edgeEvent, newId } from '@luban/contracts';
import { expect, test } from 'vitest';
import { edgeCause } from '../edge-errors.ts';
import { openEventLog } from './events.ts';

test('events are numbered one after another, also over a restart, and never as those of a lost disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'luban-events-'));
  const device = newId('device');
  let nowMs = 1_790_000_000_000;
  const openHere = (name: string) =>
    openEventLog({
      directory: join(directory, name),
      now: () => nowMs,
      onFault: (error) => {
        throw error;
      },
    });
  let log = await openHere('a');
  log.put('error', edgeCause('device.offline'), device);
  log.put('info', edgeCause('device.online'));
  await log.stop();
  nowMs += 5000;
  log = await openHere('a');
  log.put('info', edgeCause('uplink.connected', 'x'.repeat(2000)));
  await log.stop();
  log = await openHere('a');
  const events = (await log.journal.read(0, {})).map((record) => edgeEvent.parse(log.read(record)));
  expect(events.map(({ sequence }) => sequence - 1_790_000_000_000)).toEqual([0, 1, 2]);
  expect(events[0]).toMatchObject({ severity: 'error', device, cause: { code: 'device.offline' } });
  await log.stop();
  log = await openHere('another disk');
  log.put('info', edgeCause('edge.stopped'));
  await log.stop();
  log = await openHere('another disk');
  const [record] = await log.journal.read(0, {});
  expect(log.read(record!).sequence).toBeGreaterThan(events[2]!.sequence);
  await log.stop();
  await rm(directory, { recursive: true });
});
