import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { describeBrokers, unlikeMosquitto } from './brokers.ts';
import { connected, endClients, freshTopic, persistent, texts } from './test-client.ts';

afterEach(endClients);

let names = 0;
const freshId = () => `p${process.pid}-${++names}`;

describeBrokers((broker) => {
  test('the properties of a message reach its receiver unaltered', async () => {
    const topic = freshTopic();
    const reader = await connected(broker, 5);
    await reader.subscribe(topic);
    const writer = await connected(broker, 5);
    const properties = {
      ...{ payloadFormatIndicator: true, contentType: 'application/json', responseTopic: 'answers/1' },
      ...{ correlationData: Buffer.from([0, 255, 1]), userProperties: { a: ['1', '2'], 键: '值', empty: '' } },
    };
    await writer.publish(topic, '{}', { qos: 1, properties });
    const [message] = await reader.got(1);
    expect(message?.properties).toEqual(properties);
  });

  test('user properties keep their order, also of equal names', async () => {
    const topic = freshTopic();
    const reader = await connected(broker, 5);
    await reader.subscribe(topic);
    const bytes: Buffer[] = [];
    reader.socket.on('data', (chunk) => bytes.push(chunk));
    const writer = await connected(broker, 5);
    const pairs = ['b1', 'a1', 'b2', 'a2', 'b1'].flatMap((pair) => [
      0x26,
      0,
      1,
      pair.charCodeAt(0),
      0,
      1,
      pair.charCodeAt(1),
    ]);
    const body = [0, topic.length, ...Buffer.from(topic), pairs.length, ...pairs, 0x78];
    writer.sendBytes(Buffer.from([0x30, body.length, ...body]));
    await reader.got(1);
    expect(Buffer.concat(bytes).includes(Buffer.from(pairs))).toBe(true);
  });

  test('a message expires while it waits, and one that does not says how long it has left', async () => {
    const topic = freshTopic();
    const clientId = freshId();
    const reader = await persistent(broker, 5, { clientId });
    await reader.subscribe(topic);
    await reader.break();
    const writer = await connected(broker, 5);
    await writer.publish(topic, 'short', { qos: 1, properties: { messageExpiryInterval: 1 } });
    await writer.publish(topic, 'long', { qos: 1, properties: { messageExpiryInterval: 100 } });
    await writer.publish(topic, 'for ever', { qos: 1 });
    await setTimeout(2200);
    const again = await persistent(broker, 5, { clientId });
    const got = await again.got(2);
    expect(texts(got)).toEqual(['long', 'for ever']);
    expect(got[0]?.properties?.messageExpiryInterval).toBeLessThan(100);
    expect(got[0]?.properties?.messageExpiryInterval).toBeGreaterThan(90);
  });

  test('a topic alias stands for its topic until it is given another, on each connection anew', async () => {
    const topic = freshTopic();
    const reader = await connected(broker, 5);
    await reader.subscribe(`${topic}/#`);
    const writer = await connected(broker, 5);
    expect(writer.connack.properties?.topicAliasMaximum).toBeGreaterThan(2);
    await writer.publish(`${topic}/a`, '1', { qos: 1, properties: { topicAlias: 1 } });
    await writer.publish('', '2', { qos: 1, properties: { topicAlias: 1 } });
    await writer.publish(`${topic}/b`, '3', { qos: 1, properties: { topicAlias: 1 } });
    await writer.publish('', '4', { qos: 1, properties: { topicAlias: 1 } });
    const got = await reader.got(4);
    expect(got.map((message) => message.topic.slice(-1))).toEqual(['a', 'a', 'b', 'b']);
    expect(got.some(({ properties }) => properties?.topicAlias !== undefined)).toBe(false);
    const other = await connected(broker, 5);
    other.send({
      ...{ cmd: 'publish', topic: '', payload: 'x', qos: 0, dup: false, retain: false },
      properties: { topicAlias: 1 },
    });
    expect([0x82, 0x94]).toContain((await other.next('disconnect')).reasonCode);
  });

  unlikeMosquitto(broker)('a client that takes topic aliases gets them, and never more than it takes', async () => {
    const topic = freshTopic();
    const reader = await connected(broker, 5, { properties: { topicAliasMaximum: 1 } });
    await reader.subscribe(`${topic}/#`);
    const writer = await connected(broker, 5);
    for (const name of ['a', 'a', 'b', 'a', 'b']) await writer.publish(`${topic}/${name}`, name, { qos: 1 });
    const got = await reader.got(5);
    expect(got.map((message) => [message.topic, message.properties?.topicAlias])).toEqual([
      [`${topic}/a`, 1],
      ['', 1],
      [`${topic}/b`, undefined],
      ['', 1],
      [`${topic}/b`, undefined],
    ]);
  });

  test.runIf(broker.name === 'luban')(
    'no more messages are under way than the client takes, and the next comes with each acknowledgement',
    async () => {
      const topic = freshTopic();
      const reader = await connected(broker, 5, { properties: { receiveMaximum: 2 } });
      await reader.subscribe(topic);
      reader.acknowledging = false;
      const writer = await connected(broker, 5);
      for (const qos of [1, 2, 1, 2] as const) await writer.publish(topic, 'x', { qos });
      expect(await reader.settle()).toHaveLength(2);
      const [one, two] = reader.messages;
      reader.send({ cmd: 'puback', messageId: one!.messageId! });
      await reader.got(3);
      reader.send({ cmd: 'pubrec', messageId: two!.messageId! });
      expect(await reader.settle()).toHaveLength(3);
      reader.send({ cmd: 'pubcomp', messageId: two!.messageId! });
      await reader.got(4);
    },
  );

  test.runIf(broker.name === 'luban')(
    'a client that has more QoS 2 messages under way than the broker takes is let go',
    async () => {
      const client = await connected(broker, 5);
      const most = client.connack.properties?.receiveMaximum ?? 65_535;
      const topic = freshTopic();
      for (let messageId = 1; messageId <= most + 1; messageId++)
        client.send({ cmd: 'publish', topic, payload: 'x', qos: 2, messageId, dup: false, retain: false });
      expect((await client.next('disconnect')).reasonCode).toBe(0x93);
      await client.end();
    },
  );

  test('a client never gets a packet larger than it takes; the message is dropped for it alone', async () => {
    const topic = freshTopic();
    const small = await connected(broker, 5, { properties: { maximumPacketSize: 100 } });
    const large = await connected(broker, 5);
    await small.subscribe(topic);
    await large.subscribe(topic);
    const writer = await connected(broker, 5);
    await writer.publish(topic, 'x'.repeat(200), { qos: 1 });
    await writer.publish(topic, 'y', { qos: 1 });
    expect(texts(await large.got(2)).map(({ length }) => length)).toEqual([200, 1]);
    expect(texts(await small.settle())).toEqual(['y']);
    expect(Math.max(...small.sizes)).toBeLessThanOrEqual(100);
  });

  unlikeMosquitto(broker)('a packet larger than the broker takes ends the connection with its reason', async () => {
    const client = await connected(broker, 5);
    const most = client.connack.properties!.maximumPacketSize!;
    client.sendBytes(Buffer.from([0x30, ...[0xff, 0xff, 0xff, 0x7f]]));
    expect(most).toBeLessThan(268_435_455);
    expect((await client.next('disconnect')).reasonCode).toBe(0x95);
  });

  test('a reason string comes only to who has not said that it wants none', async () => {
    const silent = await connected(broker, 5, { properties: { requestProblemInformation: false } });
    silent.send({
      cmd: 'publish',
      topic: 'forbidden/x',
      payload: 'x',
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    expect((await silent.next('puback')).properties?.reasonString).toBeUndefined();
  });

  test('request and response: the answer finds the asker by response topic and correlation data', async () => {
    const topic = freshTopic();
    const asker = await connected(broker, 5);
    await asker.subscribe(`${topic}/answers`);
    const server = await connected(broker, 5);
    await server.subscribe(`${topic}/questions`);
    const correlationData = Buffer.from('17');
    const properties = { responseTopic: `${topic}/answers`, correlationData };
    await asker.publish(`${topic}/questions`, '?', { qos: 1, properties });
    const [question] = await server.got(1);
    await server.publish(question!.properties!.responseTopic!, '!', { qos: 1, properties: { correlationData } });
    expect((await asker.got(1))[0]).toMatchObject({ payload: Buffer.from('!'), properties: { correlationData } });
  });
});
