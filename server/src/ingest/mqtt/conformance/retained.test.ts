import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers, unlikeMosquitto } from './brokers.ts';
import { connected, endClients, freshTopic, texts } from './test-client.ts';

afterEach(endClients);

describeBrokers((broker) => {
  describe.each([4, 5] as const)('MQTT version %i', (version) => {
    test('a new subscription gets the retained message of each topic, marked as retained, at the smaller QoS', async () => {
      const topic = freshTopic();
      const writer = await connected(broker, version);
      for (const qos of [0, 1, 2] as const) await writer.publish(`${topic}/${qos}`, 'older', { qos, retain: true });
      for (const qos of [0, 1, 2] as const) await writer.publish(`${topic}/${qos}`, `${qos}`, { qos, retain: true });
      await writer.publish(`${topic}/3`, 'not retained', { qos: 1 });
      await writer.settle();
      const reader = await connected(broker, version);
      await reader.subscribe(`${topic}/+`, { qos: 1 });
      const got = await reader.settle();
      expect(got.map(({ payload, qos, retain }) => `${payload} ${qos} ${retain}`).sort()).toEqual([
        ...['0 0 true', '1 1 true', '2 1 true'],
      ]);
    });

    test('who has subscribed already gets it as an ordinary message', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      const writer = await connected(broker, version);
      await writer.publish(topic, 'x', { qos: 1, retain: true });
      expect((await reader.got(1))[0]?.retain).toBe(false);
    });

    test('an empty retained message clears, and is an ordinary message for who is there', async () => {
      const topic = freshTopic();
      const writer = await connected(broker, version);
      await writer.publish(topic, 'x', { qos: 1, retain: true });
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      await reader.got(1);
      await writer.publish(topic, '', { qos: 1, retain: true });
      expect((await reader.got(2))[1]).toMatchObject({ retain: false, payload: Buffer.alloc(0) });
      const late = await connected(broker, version);
      await late.subscribe(topic);
      expect(await late.settle()).toEqual([]);
    });

    test('a message that is not retained leaves the retained one as it is', async () => {
      const topic = freshTopic();
      const writer = await connected(broker, version);
      await writer.publish(topic, 'kept', { qos: 1, retain: true });
      await writer.publish(topic, 'passing', { qos: 1 });
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      expect(texts(await reader.settle())).toEqual(['kept']);
    });

    test('it comes again with each subscription to the same filter', async () => {
      const topic = freshTopic();
      const writer = await connected(broker, version);
      await writer.publish(topic, 'kept', { qos: 1, retain: true });
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      await reader.subscribe(topic);
      expect(texts(await reader.settle())).toEqual(['kept', 'kept']);
    });
  });

  describe('MQTT 5', () => {
    test.each([
      [0, 2],
      [1, 1],
      [2, 0],
    ])('retain handling %i sends it %i times for two subscriptions', async (rh, times) => {
      const topic = freshTopic();
      const writer = await connected(broker, 5);
      await writer.publish(topic, 'kept', { qos: 1, retain: true });
      const reader = await connected(broker, 5);
      await reader.subscribe(topic, { rh });
      await reader.subscribe(topic, { rh });
      expect(await reader.settle()).toHaveLength(times);
    });

    test('retain as published keeps the flag, and its absence clears it', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, 5);
      await reader.subscribe(topic, { rap: true });
      const plain = await connected(broker, 5);
      await plain.subscribe(topic);
      const writer = await connected(broker, 5);
      await writer.publish(topic, 'x', { qos: 1, retain: true });
      await writer.publish(topic, 'y', { qos: 1, retain: false });
      expect((await reader.got(2)).map(({ retain }) => retain)).toEqual([true, false]);
      expect((await plain.got(2)).map(({ retain }) => retain)).toEqual([false, false]);
    });

    unlikeMosquitto(broker)('a shared subscription gets no retained messages', async () => {
      const topic = freshTopic();
      const writer = await connected(broker, 5);
      await writer.publish(topic, 'kept', { qos: 1, retain: true });
      const reader = await connected(broker, 5);
      await reader.subscribe(`$share/g/${topic}`);
      expect(await reader.settle()).toEqual([]);
    });

    test('it keeps its properties, and goes when it expires', async () => {
      const topic = freshTopic();
      const writer = await connected(broker, 5);
      const properties = { messageExpiryInterval: 5, contentType: 'text/plain', userProperties: { a: ['1', '2'] } };
      await writer.publish(topic, 'kept', { qos: 1, retain: true, properties });
      const reader = await connected(broker, 5);
      await reader.subscribe(topic);
      const [message] = await reader.got(1);
      expect(message?.properties).toMatchObject({ contentType: 'text/plain', userProperties: { a: ['1', '2'] } });
      expect(message?.properties?.messageExpiryInterval).toBeLessThanOrEqual(5);
      await setTimeout(6200);
      const late = await connected(broker, 5);
      await late.subscribe(topic);
      expect(await late.settle()).toEqual([]);
    });
  });
});
