import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNatsRelay } from '../../server/src/log/log.ts';
import { type NatsCluster, startNatsCluster } from '../fixtures/cluster/nats-cluster.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { until } from '../fixtures/until.ts';

const random = seededRandom(20_261_128);
let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
}, 60_000);
afterAll(() => cluster.remove());

const open = (server: string) => openNatsRelay({ address: cluster.address('relay'), server, lines: () => undefined });

test('nodes of NATS are killed while two servers speak: each hears all that was acknowledged, once and in one order, and finds the other again', async () => {
  const relays = [await open('one'), await open('two')];
  const heard = relays.map((relay) => {
    const found: { position: number; word: string }[] = [];
    relay.follow({
      after: -1,
      take: async (records) => {
        for (const { position, payload } of records) found.push({ position, word: payload.toString() });
      },
      missed: () => expect.unreachable('nothing is that old'),
    });
    return found;
  });
  for (const relay of relays) relay.answer('name', async () => [Buffer.from(relay.server)]);
  const acknowledged: { position: number; word: string }[] = [];
  const stop = new AbortController();
  const speaking = relays.map(async (relay) => {
    for (let number = 0; !stop.signal.aborted; number++) {
      const word = `${relay.server} ${number}`;
      await relay.append(Buffer.from(word)).then(
        (position) => acknowledged.push({ position, word }),
        () => undefined,
      );
      await setTimeout(2);
    }
  });
  for (let kill = 0; kill < 4; kill++) {
    await setTimeout(500 + random() * 500);
    await cluster.kill(kill % cluster.size);
    await setTimeout(500 + random() * 1000);
    await cluster.start(kill % cluster.size);
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 50, 'it goes on', 60_000);
  }
  stop.abort();
  await Promise.all(speaking);
  const all = new Set(acknowledged.map(({ position, word }) => `${position} ${word}`));
  const missing = (found: typeof acknowledged) => {
    const known = new Set(found.map(({ position, word }) => `${position} ${word}`));
    return [...all].filter((one) => !known.has(one));
  };
  for (const found of heard) await until(() => missing(found).length === 0, 'all is heard', 60_000);
  const [one, two] = heard as [typeof acknowledged, typeof acknowledged];
  expect(one.map(({ position }) => position)).toEqual(
    [...new Set(one.map(({ position }) => position))].sort((a, b) => a - b),
  );
  expect(new Set(one.map(({ word }) => word)).size, 'nothing twice').toBe(one.length);
  await until(() => one.length === two.length, 'both hear the same', 60_000);
  expect(two).toEqual(one);
  await until(
    async () => (await relays[0]!.ask('name', Buffer.alloc(0)))[0]?.parts[0]?.toString() === 'two',
    'they find each other',
    60_000,
  );
  console.info({ acknowledged: acknowledged.length });
  for (const relay of relays) await relay.close();
}, 240_000);
