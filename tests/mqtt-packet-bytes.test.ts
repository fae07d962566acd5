import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';

let platform: InProcessPlatform;
let password: string;
beforeAll(async () => {
  // On the engines of a cluster NATS takes less; there is only one door here.
  platform = await startInProcess({ log: undefined, mqttPacketBytes: 8 << 20 });
  const { api } = await platform.addTenant('Works', 'owner@works.example');
  ({ secret: password } = await api.post('/api/v1/access-keys', {
    ...{ name: 'Camera', publish: ['#'], subscribe: ['#'] },
  }));
});
afterAll(() => platform.stop());

const connect = (clientId: string) =>
  mqtt.connectAsync(
    platform.mqttUrl,
    {
      ...{ protocolVersion: 5 as const, clientId, username: 'x', password, clean: false, reconnectPeriod: 0 },
      properties: { sessionExpiryInterval: 600 },
    },
    false,
  );

test('packets as large as the setting allows reach clients that are there and that come back', async () => {
  const there = await connect('there');
  const away = await connect('away');
  for (const client of [there, away]) await client.subscribeAsync('pictures/#', { qos: 1 });
  await away.endAsync();
  const picture = Buffer.alloc(7 << 20, 'picture ');
  const sender = await connect('sender');
  const came = new Promise<Buffer>((resolve) => there.once('message', (_topic, payload) => resolve(payload)));
  await sender.publishAsync('pictures/1', picture, { qos: 1, retain: true });
  expect((await came).equals(picture)).toBe(true);
  const back = mqtt.connect(platform.mqttUrl, {
    ...{ protocolVersion: 5, clientId: 'away', username: 'x', password, clean: false, reconnectPeriod: 0 },
    properties: { sessionExpiryInterval: 600 },
  });
  const late = await new Promise<Buffer>((resolve) => back.once('message', (_topic, payload) => resolve(payload)));
  expect(late.equals(picture)).toBe(true);
  for (const client of [there, sender, back]) await client.endAsync(true);
});

test('a larger one ends the connection with its reason', async () => {
  const client = await connect('too-much');
  const ended = new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
  client.on('error', () => undefined);
  client.publish('pictures/2', Buffer.alloc(9 << 20), { qos: 0 });
  expect(await ended).toBe(0x95);
});
