import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers, unlikeMosquitto } from './brokers.ts';
import { attempt, connected, endClients, freshTopic, persistent, type TestClient, texts } from './test-client.ts';

afterEach(endClients);

let names = 0;
const freshId = () => `w${process.pid}-${++names}`;

describeBrokers((broker) => {
  const listener = async (version: 4 | 5, topic: string): Promise<TestClient> => {
    const reader = await connected(broker, version);
    await reader.subscribe(topic);
    return reader;
  };

  describe.each([4, 5] as const)('MQTT version %i', (version) => {
    test.each([0, 1, 2] as const)('a will of QoS %i is published when the connection breaks', async (qos) => {
      const topic = freshTopic();
      const reader = await listener(version, topic);
      const client = await connected(broker, version, { will: { topic, payload: '再见', qos, retain: false } });
      await client.break();
      const [message] = await reader.got(1);
      expect(message).toMatchObject({ topic, qos, retain: false });
      expect(texts([message!])).toEqual(['再见']);
    });

    test('a will is not published when its client says goodbye', async () => {
      const topic = freshTopic();
      const reader = await listener(version, topic);
      const client = await connected(broker, version, { will: { topic, payload: 'x', qos: 1, retain: false } });
      await client.disconnect();
      const after = await connected(broker, version);
      await after.publish(topic, 'after', { qos: 1 });
      expect(texts(await reader.got(1))).toEqual(['after']);
    });

    test('a retained will is kept, an empty one is published too', async () => {
      const topic = freshTopic();
      const reader = await listener(version, `${topic}/#`);
      const one = await connected(broker, version, { will: { topic, payload: 'offline', qos: 1, retain: true } });
      const two = await connected(broker, version, {
        will: { topic: `${topic}/e`, payload: '', qos: 1, retain: false },
      });
      await one.break();
      await two.break();
      await reader.got(2);
      const late = await listener(version, topic);
      expect((await late.got(1))[0]).toMatchObject({ retain: true, payload: Buffer.from('offline') });
    });

    test('a will is published when the client falls silent, breaks the protocol or is taken over', async () => {
      const topic = freshTopic();
      const reader = await listener(version, topic);
      const will = (payload: string) => ({ topic, payload, qos: 1, retain: false });
      await connected(broker, version, { keepalive: 1, will: will('silent') });
      const wrong = await connected(broker, version, { will: will('wrong') });
      wrong.sendBytes(Buffer.from([0xf7, 0]));
      await wrong.end();
      const clientId = freshId();
      const taken = await connected(broker, version, { clientId, will: will('taken over') });
      await connected(broker, version, { clientId });
      await taken.end();
      expect(texts(await reader.got(3)).sort()).toEqual(['silent', 'taken over', 'wrong']);
    });

    test('a will is published once, and only that of the last connection', async () => {
      const topic = freshTopic();
      const clientId = freshId();
      const reader = await listener(version, topic);
      const first = await persistent(broker, version, {
        clientId,
        will: { topic, payload: '1', qos: 1, retain: false },
      });
      await first.disconnect();
      const second = await persistent(broker, version, { clientId });
      await second.break();
      const third = await persistent(broker, version, {
        clientId,
        will: { topic, payload: '3', qos: 1, retain: false },
      });
      await third.break();
      await reader.got(1);
      expect(texts(await reader.settle())).toEqual(['3']);
    });
  });

  describe('MQTT 5', () => {
    const will = (topic: string, willDelayInterval: number, more = {}) => ({
      ...{ topic, payload: 'gone', qos: 1, retain: false },
      properties: { willDelayInterval, ...more },
    });

    test('DISCONNECT with reason 0x04 publishes the will', async () => {
      const topic = freshTopic();
      const reader = await listener(5, topic);
      const client = await connected(broker, 5, { will: { topic, payload: 'x', qos: 1, retain: false } });
      await client.disconnect(undefined, 0x04);
      expect(texts(await reader.got(1))).toEqual(['x']);
    });

    test('a delayed will waits, and is not published when its client comes back in time', async () => {
      const topic = freshTopic();
      const clientId = freshId();
      const reader = await listener(5, topic);
      const first = await persistent(broker, 5, { clientId, will: will(topic, 4) });
      await first.break();
      const second = await persistent(broker, 5, { clientId, will: will(topic, 2) });
      await setTimeout(5200);
      expect(await reader.settle()).toEqual([]);
      const brokenAt = performance.now();
      await second.break();
      await reader.got(1);
      expect(performance.now() - brokenAt).toBeGreaterThan(900);
    });

    test('a delayed will is published when the session ends before', async () => {
      const topic = freshTopic();
      const reader = await listener(5, topic);
      const properties = { sessionExpiryInterval: 1 };
      const client = await connected(broker, 5, { will: will(topic, 600), properties });
      await client.break();
      expect(texts(await reader.got(1))).toEqual(['gone']);
    });

    unlikeMosquitto(broker)('a delayed will is published when a clean start ends its session', async () => {
      const topic = freshTopic();
      const clientId = freshId();
      const reader = await listener(5, topic);
      const first = await persistent(broker, 5, { clientId, will: will(topic, 600) });
      await first.break();
      await connected(broker, 5, { clientId });
      expect(texts(await reader.got(1))).toEqual(['gone']);
    });

    test('a will has its properties', async () => {
      const topic = freshTopic();
      const reader = await listener(5, topic);
      const properties = {
        ...{ payloadFormatIndicator: true, contentType: 'text/plain', responseTopic: 'answer' },
        ...{ correlationData: Buffer.from([1, 0, 2]), userProperties: { a: ['1', '2'], b: '3' } },
      };
      const client = await connected(broker, 5, { will: will(topic, 0, { ...properties, messageExpiryInterval: 60 }) });
      await client.break();
      const [message] = await reader.got(1);
      expect(message?.properties).toMatchObject(properties);
      expect(message?.properties?.messageExpiryInterval).toBeGreaterThan(55);
      expect(message?.properties).not.toHaveProperty('willDelayInterval');
    });
  });

  unlikeMosquitto(broker)('a will on a topic that its client may not publish to is refused at once', async () => {
    const will = { topic: 'forbidden/x', payload: 'x', qos: 1, retain: false };
    expect((await attempt(broker, 5, { will })).connack.reasonCode).toBe(0x87);
    expect((await attempt(broker, 4, { will })).connack.returnCode).toBe(5);
  });
});
