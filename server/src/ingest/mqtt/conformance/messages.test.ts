import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers, unlikeMosquitto } from './brokers.ts';
import { connected, endClients, freshTopic, persistent, texts } from './test-client.ts';

afterEach(endClients);

const qualities = [0, 1, 2] as const;
const versions = [4, 5] as const;

describeBrokers((broker) => {
  describe.each(versions)('MQTT version %i', (version) => {
    test.each(qualities)('a message of QoS %i reaches who has subscribed, in order, as it was', async (qos) => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      expect((await reader.subscribe(topic)).granted).toEqual([2]);
      const writer = await connected(broker, version);
      const sent = Array.from({ length: 20 }, (_, i) => `${i} 值`);
      for (const text of sent) await writer.publish(topic, text, { qos });
      const got = await reader.got(20);
      expect(texts(got)).toEqual(sent);
      expect(got.every((packet) => packet.qos === qos && !packet.dup && !packet.retain)).toBe(true);
    });

    test.each(qualities.flatMap((sent) => qualities.map((granted) => [sent, granted] as const)))(
      'a message of QoS %i comes to a subscription of QoS %i at the smaller of both',
      async (sent, granted) => {
        const topic = freshTopic();
        const reader = await connected(broker, version);
        await reader.subscribe(topic, { qos: granted });
        const writer = await connected(broker, version);
        await writer.publish(topic, 'x', { qos: sent });
        expect((await reader.got(1))[0]?.qos).toBe(Math.min(sent, granted));
      },
    );

    test('a payload may be empty, and as large as the packet allows', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      const writer = await connected(broker, version);
      const large = Buffer.alloc(300_000, 'x');
      await writer.publish(topic, '', { qos: 1 });
      await writer.publish(topic, large, { qos: 2 });
      const [empty, full] = await reader.got(2);
      expect(empty?.payload.length).toBe(0);
      expect(large.equals(full!.payload as Buffer)).toBe(true);
    });

    test('a QoS 2 message that is sent again before PUBREL arrives once', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      const writer = await connected(broker, version);
      const packet = { cmd: 'publish', topic, payload: 'once', qos: 2, retain: false, messageId: 77 } as const;
      writer.send({ ...packet, dup: false });
      await writer.next('pubrec');
      writer.send({ ...packet, dup: true });
      expect((await writer.next('pubrec')).messageId).toBe(77);
      writer.send({ cmd: 'pubrel', messageId: 77 });
      expect((await writer.next('pubcomp')).messageId).toBe(77);
      expect(texts(await reader.settle())).toEqual(['once']);
      // The identifier is free again.
      writer.send({ ...packet, payload: 'another', dup: false });
      await writer.next('pubrec');
      writer.send({ cmd: 'pubrel', messageId: 77 });
      expect(texts(await reader.got(2))).toEqual(['once', 'another']);
    });

    test('PUBREL is answered though nothing is known of it', async () => {
      const client = await connected(broker, version);
      client.send({ cmd: 'pubrel', messageId: 4711 });
      expect((await client.next('pubcomp')).messageId).toBe(4711);
    });

    test('a QoS 2 message is exactly once though its sender’s connection breaks before PUBREC is read', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      const clientId = `again-${version}-${broker.name}`;
      const packet = { cmd: 'publish', topic, payload: 'once', qos: 2, retain: false, messageId: 5 } as const;
      const first = await persistent(broker, version, { clientId });
      first.send({ ...packet, dup: false });
      await first.next('pubrec');
      await first.break();
      const second = await persistent(broker, version, { clientId });
      expect(second.connack.sessionPresent).toBe(true);
      second.send({ ...packet, dup: true });
      await second.next('pubrec');
      second.send({ cmd: 'pubrel', messageId: 5 });
      await second.next('pubcomp');
      expect(texts(await reader.settle())).toEqual(['once']);
    });

    test('acknowledgements come in the order of the messages', async () => {
      const client = await connected(broker, version);
      const topic = freshTopic();
      for (let messageId = 1; messageId <= 10; messageId++)
        client.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId, dup: false, retain: false });
      const ids: (number | undefined)[] = [];
      for (let i = 0; i < 10; i++) ids.push((await client.next('puback')).messageId);
      expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    unlikeMosquitto(broker)('one message comes once to overlapping subscriptions, at the highest QoS', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(`${topic}/#`, { qos: 2 });
      await reader.subscribe(`${topic}/+`, { qos: 1 });
      const writer = await connected(broker, version);
      await writer.publish(`${topic}/a`, 'x', { qos: 2 });
      const got = await reader.settle();
      expect(got.map(({ qos }) => qos)).toEqual([2]);
    });

    test('the same filter again takes the place of the first', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(topic, { qos: 2 });
      expect((await reader.subscribe(topic, { qos: 0 })).granted).toEqual([0]);
      const writer = await connected(broker, version);
      await writer.publish(topic, 'x', { qos: 2 });
      expect((await reader.settle()).map(({ qos }) => qos)).toEqual([0]);
    });

    test('what is under way is completed after UNSUBSCRIBE', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      reader.acknowledging = false;
      const writer = await connected(broker, version);
      await writer.publish(topic, 'x', { qos: 2 });
      const [message] = await reader.got(1);
      await reader.unsubscribe(topic);
      reader.send({ cmd: 'pubrec', messageId: message!.messageId! });
      await expect.poll(() => reader.released).toEqual([message!.messageId]);
    });

    test('nothing comes any more after UNSUBACK', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe([topic, `${topic}/b`]);
      const { messageId } = await reader.unsubscribe(topic);
      expect(messageId).toBe(2);
      const writer = await connected(broker, version);
      await writer.publish(topic, 'x', { qos: 1 });
      await writer.publish(`${topic}/b`, 'y', { qos: 1 });
      expect(texts(await reader.settle())).toEqual(['y']);
    });
  });

  test('versions understand each other', async () => {
    const topic = freshTopic();
    const four = await connected(broker, 4);
    const five = await connected(broker, 5);
    await four.subscribe(topic);
    await five.subscribe(topic);
    await four.publish(topic, 'from 4', { qos: 2 });
    await five.publish(topic, 'from 5', { qos: 2, properties: { contentType: 'x', userProperties: { a: 'b' } } });
    expect(texts(await four.got(2))).toEqual(['from 4', 'from 5']);
    expect(texts(await five.got(2))).toEqual(['from 4', 'from 5']);
  });
});
