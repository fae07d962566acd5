import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lubanBroker, mosquittoBroker } from './brokers.ts';
import { connected, endClients, freshTopic, persistent, texts } from './test-client.ts';

afterEach(endClients);

describe.each([lubanBroker(), mosquittoBroker()])('$name', (broker) => {
  beforeAll(() => broker.start());
  afterAll(() => broker.remove());

  async function restart(): Promise<void> {
    await endClients();
    await broker.stop();
    await broker.start();
  }

  describe.each([4, 5] as const)('MQTT version %i', (version) => {
    const clientId = (name: string) => `${name}-${version}`;

    test('a session, its subscriptions and its messages outlive the broker’s restart', async () => {
      const topic = freshTopic();
      const reader = await persistent(broker, version, { clientId: clientId('away') });
      await reader.subscribe([`${topic}/+`, `${topic}/gone`]);
      await reader.unsubscribe(`${topic}/gone`);
      await reader.disconnect();
      const writer = await connected(broker, version);
      await writer.publish(`${topic}/a`, 'one', { qos: 1 });
      await writer.publish(`${topic}/b`, 'two', { qos: 2 });
      await restart();
      const again = await persistent(broker, version, { clientId: clientId('away') });
      expect(again.connack.sessionPresent).toBe(true);
      const got = await again.got(2);
      expect(texts(got)).toEqual(['one', 'two']);
      expect(got.map(({ qos, dup }) => [qos, dup])).toEqual([
        [1, false],
        [2, false],
      ]);
      const other = await connected(broker, version);
      await other.publish(`${topic}/c`, 'three', { qos: 1 });
      expect(texts(await again.got(3))).toEqual(['one', 'two', 'three']);
      await again.settle();
    });

    test('what was acknowledged does not come again after a restart', async () => {
      const topic = freshTopic();
      const reader = await persistent(broker, version, { clientId: clientId('done') });
      await reader.subscribe(topic);
      const writer = await connected(broker, version);
      for (const qos of [1, 2] as const) await writer.publish(topic, `${qos}`, { qos });
      await reader.got(2);
      await reader.settle();
      await reader.disconnect();
      await restart();
      const again = await persistent(broker, version, { clientId: clientId('done') });
      expect(again.connack.sessionPresent).toBe(true);
      expect(await again.settle()).toEqual([]);
    });

    test('QoS 2 goes on where it was: sender and receiver count each message once', async () => {
      const topic = freshTopic();
      const reader = await persistent(broker, version, { clientId: clientId('reader') });
      await reader.subscribe(topic);
      reader.acknowledging = false;
      const writer = await persistent(broker, version, { clientId: clientId('writer') });
      const packet = { cmd: 'publish', topic, payload: 'once', qos: 2, retain: false, messageId: 9 } as const;
      writer.send({ ...packet, dup: false });
      await writer.next('pubrec');
      // Luban delivers at PUBLISH, Mosquitto at PUBREL: both are right.
      if (broker.name === 'luban') {
        const [message] = await reader.got(1);
        reader.send({ cmd: 'pubrec', messageId: message!.messageId! });
        await expect.poll(() => reader.released).toEqual([message!.messageId]);
      }
      await restart();
      const second = await persistent(broker, version, { clientId: clientId('reader') });
      const sender = await persistent(broker, version, { clientId: clientId('writer') });
      sender.send({ ...packet, dup: true });
      await sender.next('pubrec');
      sender.send({ cmd: 'pubrel', messageId: 9 });
      await sender.next('pubcomp');
      await second.settle();
      expect(texts(second.messages)).toEqual(broker.name === 'luban' ? [] : ['once']);
      if (broker.name === 'luban') expect(second.released).toEqual(reader.released);
    });

    test('retained messages outlive a restart, and cleared ones do not come back', async () => {
      const topic = freshTopic();
      const writer = await connected(broker, version);
      await writer.publish(`${topic}/kept`, 'kept', { qos: 1, retain: true });
      await writer.publish(`${topic}/cleared`, 'cleared', { qos: 1, retain: true });
      await writer.publish(`${topic}/cleared`, '', { qos: 1, retain: true });
      await restart();
      const reader = await connected(broker, version);
      await reader.subscribe(`${topic}/#`);
      expect(texts(await reader.settle())).toEqual(['kept']);
    });
  });

  test.runIf(broker.name === 'luban')('a delayed will outlives a restart and is published when it is due', async () => {
    const topic = freshTopic();
    const will = { topic, payload: 'gone', qos: 1, retain: true, properties: { willDelayInterval: 6 } };
    const client = await persistent(broker, 5, { clientId: 'will', will });
    await client.break();
    await restart();
    const reader = await connected(broker, 5);
    await reader.subscribe(topic);
    expect(await reader.settle()).toEqual([]);
    expect(texts(await reader.got(1))).toEqual(['gone']);
  });

  test.runIf(broker.name === 'luban')(
    'a delayed will is not published when its client is back in time after a restart',
    async () => {
      const topic = freshTopic();
      const will = { topic, payload: 'gone', qos: 1, retain: true, properties: { willDelayInterval: 5 } };
      const client = await persistent(broker, 5, { clientId: 'back', will });
      await client.break();
      await restart();
      const back = await persistent(broker, 5, { clientId: 'back' });
      const reader = await connected(broker, 5);
      await reader.subscribe(topic);
      await new Promise((resolve) => setTimeout(resolve, 6000));
      expect(await reader.settle()).toEqual([]);
      await back.settle();
    },
  );
});
