import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers, unlikeMosquitto } from './brokers.ts';
import { bare, connected, endClients, freshTopic, persistent, texts } from './test-client.ts';

afterEach(endClients);

let names = 0;
const freshId = () => `s${process.pid}-${++names}`;

describeBrokers((broker) => {
  describe.each([4, 5] as const)('MQTT version %i', (version) => {
    test('a session is kept: subscriptions, and messages of QoS 1 and 2 for who is away, in order', async () => {
      const topic = freshTopic();
      const clientId = freshId();
      const first = await persistent(broker, version, { clientId });
      expect(first.connack.sessionPresent).toBe(false);
      await first.subscribe(`${topic}/#`);
      await first.disconnect();
      const writer = await connected(broker, version);
      for (let i = 0; i < 10; i++) await writer.publish(`${topic}/${i % 2}`, `${i}`, { qos: i % 2 === 0 ? 1 : 2 });
      await writer.publish(`${topic}/0`, 'not kept', { qos: 0 });
      const second = await persistent(broker, version, { clientId });
      expect(second.connack.sessionPresent).toBe(true);
      expect(texts(await second.got(10))).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
      await writer.publish(`${topic}/9`, 'still subscribed', { qos: 1 });
      expect(texts(await second.got(11)).at(-1)).toBe('still subscribed');
      const known = texts(await second.settle());
      expect(known).toHaveLength(11);
    });

    test('a clean session begins with nothing and leaves nothing', async () => {
      const topic = freshTopic();
      const clientId = freshId();
      const kept = await persistent(broker, version, { clientId });
      await kept.subscribe(topic);
      await kept.disconnect();
      const writer = await connected(broker, version);
      await writer.publish(topic, 'for nobody', { qos: 1 });
      const clean = await connected(broker, version, { clientId });
      expect(clean.connack.sessionPresent).toBe(false);
      await writer.publish(topic, 'for nobody either', { qos: 1 });
      expect(await clean.settle()).toEqual([]);
      await clean.disconnect();
      const again = await persistent(broker, version, { clientId });
      expect(again.connack.sessionPresent).toBe(false);
    });

    test('what was not acknowledged is sent again with DUP, its identifier and in order on the next connection', async () => {
      const topic = freshTopic();
      const clientId = freshId();
      const first = await persistent(broker, version, { clientId });
      await first.subscribe(topic);
      first.acknowledging = false;
      const writer = await connected(broker, version);
      for (const [i, qos] of ([1, 2, 1, 2] as const).entries()) await writer.publish(topic, `${i}`, { qos });
      const sent = await first.got(4);
      await first.break();
      const second = await persistent(broker, version, { clientId });
      const again = await second.got(4);
      expect(texts(again)).toEqual(['0', '1', '2', '3']);
      expect(again.every(({ dup }) => dup)).toBe(true);
      expect(again.map(({ messageId }) => messageId)).toEqual(sent.map(({ messageId }) => messageId));
    });

    test('after PUBREC only PUBREL is sent again', async () => {
      const topic = freshTopic();
      const clientId = freshId();
      const first = await persistent(broker, version, { clientId });
      await first.subscribe(topic);
      first.acknowledging = false;
      const writer = await connected(broker, version);
      await writer.publish(topic, 'x', { qos: 2 });
      const [message] = await first.got(1);
      first.send({ cmd: 'pubrec', messageId: message!.messageId! });
      await expect.poll(() => first.released).toEqual([message!.messageId]);
      await first.break();
      const second = await persistent(broker, version, { clientId });
      expect(await second.settle()).toEqual([]);
      expect(second.released).toEqual([message!.messageId]);
    });

    test('a second connection with the same identifier ends the first', async () => {
      const clientId = freshId();
      const first = await connected(broker, version, { clientId });
      const second = await connected(broker, version, { clientId });
      await first.end();
      await second.settle();
    });

    test('an empty identifier is replaced by one that nobody has', async () => {
      const one = await connected(broker, version, { clientId: '' });
      const other = await connected(broker, version, { clientId: '' });
      await one.settle();
      await other.settle();
      if (version === 5) {
        const assigned = [one, other].map((client) => client.connack.properties?.assignedClientIdentifier);
        expect(assigned[0]).toBeTruthy();
        expect(assigned[0]).not.toBe(assigned[1]);
      }
    });

    test('a client that falls silent loses its connection after one and a half times its keep-alive', async () => {
      const startedAt = performance.now();
      const client = await connected(broker, version, { keepalive: 1 });
      await client.end();
      // Mosquitto counts whole seconds, and may begin just before the next.
      expect(performance.now() - startedAt).toBeGreaterThan(broker.name === 'luban' ? 1400 : 900);
    });

    test('a client that pings keeps its connection', async () => {
      const client = await connected(broker, version, { keepalive: 2 });
      for (let i = 0; i < 9; i++) {
        await setTimeout(500);
        await client.settle();
      }
      expect(client.closed).toBe(false);
    });
  });

  test('MQTT 3.1.1: an empty identifier without a clean session is refused', async () => {
    const client = bare(broker, 4);
    client.sendBytes(Buffer.from('100c00044d5154540400000a0000', 'hex'));
    expect((await client.next('connack')).returnCode).toBe(2);
    await client.end();
  });

  test('MQTT 5: what the client refuses counts as acknowledged and does not come again', async () => {
    const topic = freshTopic();
    const clientId = freshId();
    const first = await persistent(broker, 5, { clientId });
    await first.subscribe(topic);
    first.acknowledging = false;
    const writer = await connected(broker, 5);
    for (const qos of [1, 2] as const) await writer.publish(topic, `${qos}`, { qos });
    const [one, two] = await first.got(2);
    first.send({ cmd: 'puback', messageId: one!.messageId!, reasonCode: 0x80 });
    first.send({ cmd: 'pubrec', messageId: two!.messageId!, reasonCode: 0x80 });
    await first.settle();
    await first.break();
    const second = await persistent(broker, 5, { clientId });
    expect(second.connack.sessionPresent).toBe(true);
    expect(await second.settle()).toEqual([]);
    expect(second.released).toEqual([]);
  });

  test('MQTT 5: a session without an expiry interval ends with its connection, and clean start only clears what was', async () => {
    const clientId = freshId();
    const first = await connected(broker, 5, { clientId, clean: false });
    await first.disconnect();
    const second = await persistent(broker, 5, { clientId, clean: true });
    expect(second.connack.sessionPresent).toBe(false);
    await second.break();
    const third = await persistent(broker, 5, { clientId });
    expect(third.connack.sessionPresent).toBe(true);
  });

  test('MQTT 5: a session ends when its expiry interval is over, and not before', async () => {
    const clientId = freshId();
    const properties = { sessionExpiryInterval: 4 };
    const first = await connected(broker, 5, { clientId, properties });
    await first.break();
    const second = await connected(broker, 5, { clientId, clean: false, properties });
    expect(second.connack.sessionPresent).toBe(true);
    await second.break();
    await setTimeout(5600);
    const third = await connected(broker, 5, { clientId, clean: false, properties });
    expect(third.connack.sessionPresent).toBe(false);
  });

  test('MQTT 5: the expiry interval may be changed when saying goodbye', async () => {
    const clientId = freshId();
    const first = await persistent(broker, 5, { clientId });
    await first.disconnect({ sessionExpiryInterval: 0 });
    const second = await persistent(broker, 5, { clientId });
    expect(second.connack.sessionPresent).toBe(false);
    await second.disconnect({ sessionExpiryInterval: 100 });
    const third = await persistent(broker, 5, { clientId });
    expect(third.connack.sessionPresent).toBe(true);
  });

  test('MQTT 5: a session that was to end with the connection cannot be kept when saying goodbye', async () => {
    const client = await connected(broker, 5);
    client.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 10 } });
    expect((await client.next('disconnect')).reasonCode).toBe(0x82);
    await client.end();
  });

  unlikeMosquitto(broker)('MQTT 5: a keep-alive longer than the broker’s is answered with the broker’s', async () => {
    const client = await connected(broker, 5, { keepalive: 3600 });
    expect(client.connack.properties?.serverKeepAlive).toBe(60);
  });

  unlikeMosquitto(broker)('MQTT 5: a connection that is taken over is told so', async () => {
    const clientId = freshId();
    const first = await connected(broker, 5, { clientId });
    await connected(broker, 5, { clientId });
    expect((await first.next('disconnect')).reasonCode).toBe(0x8e);
  });

  test('MQTT 3.1 is served as 3.1.1', async () => {
    const client = await connected(broker, 4);
    const topic = freshTopic();
    await client.subscribe(topic);
    const old = bare(broker, 4);
    old.sendBytes(Buffer.from('101200064d514973647003020000000461626364', 'hex'));
    expect((await old.next('connack')).returnCode).toBe(0);
    old.sendBytes(Buffer.concat([Buffer.from([0x30, topic.length + 3, 0, topic.length]), Buffer.from(`${topic}x`)]));
    expect(texts(await client.got(1))).toEqual(['x']);
  });
});
