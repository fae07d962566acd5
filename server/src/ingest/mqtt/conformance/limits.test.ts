import { generate, type Packet } from 'mqtt-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers } from './brokers.ts';
import { bare, connected, endClients, freshTopic, texts } from './test-client.ts';

afterEach(endClients);

const LONGEST = 65_535;

describeBrokers((broker) => {
  describe.each([4, 5] as const)('MQTT version %i', (version) => {
    test('client identifier, user name, password and will may have 65,535 bytes each', async () => {
      const topic = freshTopic();
      const longTopic = `${topic}/`.padEnd(LONGEST, 't');
      const reader = await connected(broker, version);
      await reader.subscribe(longTopic);
      await connected(broker, version, { username: 'u'.repeat(LONGEST), password: 'p'.repeat(LONGEST) });
      const client = await connected(broker, version, {
        clientId: `${topic}-`.padEnd(LONGEST, 'c'),
        will: { topic: longTopic, payload: 'w'.repeat(LONGEST), qos: 1, retain: false },
      });
      await client.break();
      const [message] = await reader.got(1);
      expect(message).toMatchObject({ topic: longTopic, qos: 1 });
      expect(message!.payload.length).toBe(LONGEST);
    });

    test('a long client identifier names its session as a short one does', async () => {
      const clientId = `${freshTopic()}-`.padEnd(2000, 'ü');
      const first = await connected(broker, version, { clientId });
      await connected(broker, version, { clientId });
      await first.end();
    });

    // A byte order mark, the replacement character, one of four bytes, and two that look alike.
    test.each(['\ufeff', '\ufffd', '😀', 'e\u0301', 'é'])('%j is a character like others', async (character) => {
      const topic = freshTopic();
      const clientId = `${topic}${character}`;
      const reader = await connected(broker, version, { clientId });
      await reader.subscribe(`${topic}/${character}`);
      const writer = await connected(broker, version);
      for (const last of ['\ufeff', '\ufffd', '😀', 'e\u0301', 'é', ''])
        await writer.publish(`${topic}/${last}`, last, { qos: 1 });
      expect(texts(await reader.settle())).toEqual([character]);
    });

    test('a topic may have 200 levels, also empty ones', async () => {
      const topic = `${freshTopic()}${'/'.repeat(198)}`;
      const reader = await connected(broker, version);
      await reader.subscribe([topic, `${topic}/x`]);
      const writer = await connected(broker, version);
      await writer.publish(topic, 'deep', { qos: 1 });
      expect(texts(await reader.settle())).toEqual(['deep']);
    });

    test.each([126, 127, 128, 16_382, 16_383, 16_384, 65_535, 65_536, 200_000])(
      'a payload of %i bytes arrives whole, also in pieces of any size',
      async (bytes) => {
        const topic = freshTopic();
        const client = await connected(broker, version);
        await client.subscribe(topic);
        const payload = Buffer.alloc(bytes, 'abcdefg');
        const packet = { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false } as const;
        const wire = generate(packet, { protocolVersion: version });
        const cuts = [1, 2, 3, 5, topic.length + 4, Math.floor(wire.length / 2), wire.length];
        let sent = 0;
        for (const cut of cuts) {
          client.sendBytes(wire.subarray(sent, cut));
          sent = cut;
          await client.written();
        }
        const [message] = await client.got(1);
        expect(payload.equals(message!.payload as Buffer)).toBe(true);
      },
    );

    test('what follows CONNECT need not wait for CONNACK', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, version);
      await reader.subscribe(topic);
      const clientId = `${topic}-eager`;
      const packets: Packet[] = [
        { cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clientId, clean: true, keepalive: 0 },
        { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1, nl: false, rap: false, rh: 0 }] },
        { cmd: 'publish', topic, payload: 'eager', qos: 1, messageId: 2, retain: false, dup: false },
        { cmd: 'publish', topic, payload: 'and gone', qos: 0, retain: false, dup: false },
        { cmd: 'disconnect', reasonCode: 0 },
      ];
      const client = bare(broker, version);
      client.sendBytes(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version }))));
      client.socket.end();
      await client.next('connack');
      await client.next('suback');
      await client.next('puback');
      await client.end();
      expect(texts(await reader.got(2))).toEqual(['eager', 'and gone']);
    });

    test('a whole conversation in one write is answered packet by packet, in order', async () => {
      const topic = freshTopic();
      const client = await connected(broker, version);
      const publish = { cmd: 'publish', topic, qos: 1, retain: false, dup: false } as const;
      const count = 100;
      const packets: Packet[] = [
        { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1, nl: false, rap: false, rh: 0 }] },
        ...Array.from({ length: count }, (_, i) => ({ ...publish, payload: `${i}`, messageId: i + 2 })),
        { cmd: 'pingreq' },
        { cmd: 'unsubscribe', messageId: count + 2, unsubscriptions: [topic] },
      ];
      client.sendBytes(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version }))));
      expect((await client.next('suback')).granted).toEqual([1]);
      for (let i = 0; i < count; i++) expect((await client.next('puback')).messageId).toBe(i + 2);
      await client.next('pingresp');
      await client.next('unsuback');
      expect(texts(await client.got(count))).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
    });
  });
});
