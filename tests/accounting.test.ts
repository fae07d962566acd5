import { setTimeout } from 'node:timers/promises';
import type { EdgeAccount } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allReadings } from './fixtures/acknowledged-set.ts';
import { type CountedEdge, createCountedEdge } from './fixtures/counted-edge.ts';
import { until } from './fixtures/until.ts';

let plant: CountedEdge;
let platform: CountedEdge['platform'];
let link: CountedEdge['link'];
let edge: CountedEdge['edge'];
let device: CountedEdge['device'];
let deviceId: string;
let thing: CountedEdge['thing'];
beforeAll(async () => {
  plant = await createCountedEdge();
  ({ platform, link, edge, device, deviceId, thing } = plant);
});
afterAll(() => plant.remove());

const account = (): Promise<EdgeAccount> => platform.api.get(`/api/v1/edges/${edge.id}/account`);

test('an edge’s book adds up to the sample, though platform and edge are killed and the line is cut', async () => {
  await edge.start();
  await until(async () => ((await account()).edge?.acknowledged ?? 0) > 50, 'the edge tells its side');
  for (let life = 0; life < 4; life++) {
    await setTimeout(700);
    // What was under way is on the edge's disk and not acknowledged: it comes again.
    link.mode('stall');
    await setTimeout(200);
    await link.refuse();
    if (life % 2 === 0) {
      await platform.kill();
      await platform.start();
    } else {
      await edge.kill();
      await edge.start();
    }
    link.mode('pass');
    await link.accept();
    const before = (await account()).platform.received;
    await until(async () => (await account()).platform.received > before + 20, 'samples flow again');
  }
  await device.proxy.refuse();
  const report = async () => (await platform.api.get(`/api/v1/edges/${edge.id}`)).report;
  await until(async () => (await report())?.devices[0]?.state === 'offline', 'nothing new comes');
  await until(async () => {
    const { edge: told, platform: counted } = await account();
    return told?.backlog === 0 && counted.waiting === 0;
  }, 'all is acknowledged and stored');

  const readings = await allReadings(platform.api, thing.series[0]!);
  await until(async () => (await account()).edge?.acknowledged === readings.length, 'both sides are told');
  const book = await account();
  console.info(book.platform, book.edge);
  expect(book.platform.received - book.platform.repeated, 'received once').toBe(readings.length);
  expect(book.platform.stored).toBe(book.platform.received);
  expect(book.edge).toMatchObject({ collected: readings.length, refused: 0, dropped: 0, unknownLosses: 0 });
  expect(book.check).toEqual({ state: 'ok', difference: 0 });
  expect(book.devices).toEqual([{ device: deviceId, name: 'Counter', ...book.platform, refused: 0 }]);

  await platform.stop();
  await platform.start();
  expect((await account()).platform, 'after a clean restart').toEqual(book.platform);
  await platform.kill();
  await platform.start();
  expect((await account()).platform, 'after a kill').toEqual(book.platform);
}, 300_000);
