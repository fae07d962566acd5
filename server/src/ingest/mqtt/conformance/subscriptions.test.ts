import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers, unlikeMosquitto } from './brokers.ts';
import { connected, endClients, freshTopic, persistent, texts } from './test-client.ts';

afterEach(endClients);

/** Filter and topic below a common prefix, and whether they match. */
const matching: readonly [string, string, boolean][] = [
  ['a/b', 'a/b', true],
  ['a/b', 'a/B', false],
  ['a/b', 'a/b/', false],
  ['a/+', 'a/b', true],
  ['a/+', 'a/', true],
  ['a/+', 'a', false],
  ['a/+', 'a/b/c', false],
  ['+/b', 'a/b', true],
  ['a/+/c', 'a/b/c', true],
  ['a/+/c', 'a//c', true],
  ['+/+/+', 'a/b/c', true],
  ['a/#', 'a/b/c', true],
  ['a/#', 'a', true],
  ['a/#', 'ab', false],
  ['#', 'a/b/c', true],
  ['+/#', 'a', true],
  ['a//b', 'a//b', true],
  ['/a', '/a', true],
  ['/a', 'a', false],
  ['a b/#', 'a b/值', true],
  ['a/$b', 'a/$b', true],
  ['a/+', 'a/$b', true],
];

describeBrokers((broker) => {
  test.each(matching)('the filter %s and the topic %s: %s', async (filter, topic, matches) => {
    const prefix = freshTopic();
    const reader = await connected(broker, 4);
    await reader.subscribe(`${prefix}/${filter}`);
    const writer = await connected(broker, 4);
    await writer.publish(`${prefix}/${topic}`, 'x', { qos: 1 });
    expect(await reader.settle()).toHaveLength(matches ? 1 : 0);
  });

  describe.each([4, 5] as const)('MQTT version %i', (version) => {
    test('wildcards at the beginning match no topic of $', async () => {
      const reader = await connected(broker, version);
      await reader.subscribe(['#', '+/d', '+/#']);
      const writer = await connected(broker, version);
      await writer.publish('$own/d', 'x', { qos: 0 });
      const topic = `${freshTopic()}/end`;
      await writer.publish(topic, 'end', { qos: 1 });
      const got = await reader.settle();
      expect(got.some((message) => message.topic.startsWith('$'))).toBe(false);
      expect(texts(got)).toContain('end');
    });

    // Mosquitto takes a share without a name.
    const wrong = [
      'a/#/b',
      'a#',
      'a/b+',
      '#/',
      '++',
      ...(broker.name === 'luban' ? ['$share//a', '$share/g', '$share/+/a'] : []),
    ];
    test.each(wrong)('%s is no filter', async (filter) => {
      const client = await connected(broker, version);
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic: filter, qos: 1, nl: false, rap: false, rh: 0 }],
      });
      // Either is right: the code that says no, or the end of the connection.
      const granted = await client.next('suback').then(
        (suback) => suback.granted,
        () => 'the end',
      );
      expect(['the end', [0x80], [0x8f]]).toContainEqual(granted);
    });

    test('a refused filter does not keep the others of a SUBSCRIBE from being granted', async () => {
      const topic = freshTopic();
      const client = await connected(broker, version);
      const { granted } = await client.subscribe([`${topic}/0`, 'forbidden/a', `${topic}/1`], { qos: 1 });
      expect(granted).toEqual([1, broker.name === 'mosquitto' ? expect.any(Number) : version === 5 ? 0x87 : 0x80, 1]);
    });
  });

  describe('MQTT 5', () => {
    test('no local keeps a client’s own messages from it', async () => {
      const topic = freshTopic();
      const client = await connected(broker, 5);
      await client.subscribe(topic, { nl: true });
      const other = await connected(broker, 5);
      await client.publish(topic, 'own', { qos: 1 });
      await other.publish(topic, 'other', { qos: 1 });
      expect(texts(await client.settle())).toEqual(['other']);
    });

    test('a message has the identifiers of all subscriptions that it comes by', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, 5);
      await reader.subscribe(`${topic}/#`, { qos: 1, properties: { subscriptionIdentifier: 7 } });
      await reader.subscribe(`${topic}/+`, { qos: 1, properties: { subscriptionIdentifier: 268_435_455 } });
      await reader.subscribe(`${topic}/a`, { qos: 0 });
      const writer = await connected(broker, 5);
      await writer.publish(`${topic}/a`, 'x', { qos: 1 });
      await reader.got(1);
      const ids = (await reader.settle()).flatMap(({ properties }) => properties?.subscriptionIdentifier ?? []);
      expect(ids.sort()).toEqual([268_435_455, 7]);
    });

    test('a subscription that is made again has its new identifier, or none', async () => {
      const topic = freshTopic();
      const reader = await connected(broker, 5);
      const writer = await connected(broker, 5);
      await reader.subscribe(topic, { properties: { subscriptionIdentifier: 1 } });
      await reader.subscribe(topic, { properties: { subscriptionIdentifier: 2 } });
      await writer.publish(topic, 'x', { qos: 1 });
      await reader.subscribe(topic);
      await writer.publish(topic, 'y', { qos: 1 });
      const ids = (await reader.got(2)).map(({ properties }) => properties?.subscriptionIdentifier);
      expect(ids).toEqual([2, undefined]);
    });

    test('UNSUBACK says for each filter whether there was a subscription', async () => {
      const topic = freshTopic();
      const client = await connected(broker, 5);
      await client.subscribe(topic);
      expect((await client.unsubscribe(topic, `${topic}/none`)).granted).toEqual([0, 0x11]);
    });

    unlikeMosquitto(broker)('who publishes to nobody is told so', async () => {
      const client = await connected(broker, 5);
      expect(await client.publish(freshTopic(), 'x', { qos: 1 })).toBe(0x10);
      expect(await client.publish(freshTopic(), 'x', { qos: 2 })).toBe(0x10);
    });

    test('what a client may not publish is refused with its code, and the connection goes on', async () => {
      const client = await connected(broker, 5);
      expect(await client.publish('forbidden/x', 'x', { qos: 1 })).toBe(0x87);
      expect(await client.publish('forbidden/x', 'x', { qos: 2 })).toBe(0x87);
      await client.settle();
    });
  });

  describe('shared subscriptions', () => {
    test('each message goes to one member, and all get their part', async () => {
      const topic = freshTopic();
      const members = await Promise.all([0, 1, 2].map(() => connected(broker, 5)));
      for (const member of members) await member.subscribe(`$share/g/${topic}`, { qos: 1 });
      const alone = await connected(broker, 4);
      await alone.subscribe(topic);
      const writer = await connected(broker, 5);
      for (let i = 0; i < 30; i++) await writer.publish(topic, `${i}`, { qos: 1 });
      expect(await alone.got(30)).toHaveLength(30);
      const parts = await Promise.all(members.map((member) => member.settle()));
      expect(parts.map(({ length }) => length)).toEqual([10, 10, 10]);
      expect(new Set(parts.flatMap(texts)).size).toBe(30);
    });

    test('groups of another name or filter get their own copy', async () => {
      const topic = freshTopic();
      const one = await connected(broker, 5);
      await one.subscribe([`$share/a/${topic}`, `$share/b/${topic}`, `$share/a/${topic}/#`]);
      const writer = await connected(broker, 5);
      await writer.publish(topic, 'x', { qos: 1 });
      expect(await one.settle()).toHaveLength(3);
    });

    unlikeMosquitto(broker)('what a member that leaves has not acknowledged goes to another', async () => {
      const topic = freshTopic();
      const first = await connected(broker, 5);
      await first.subscribe(`$share/g/${topic}`, { qos: 1 });
      first.acknowledging = false;
      const writer = await connected(broker, 5);
      for (let i = 0; i < 4; i++) await writer.publish(topic, `${i}`, { qos: 1 });
      await first.got(4);
      const second = await connected(broker, 5);
      await second.subscribe(`$share/g/${topic}`, { qos: 1 });
      await first.break();
      const got = await second.got(4);
      expect(texts(got)).toEqual(['0', '1', '2', '3']);
      expect(got.every(({ dup }) => !dup)).toBe(true);
    });

    test('a QoS 2 message stays with the member that may have got it', async () => {
      const topic = freshTopic();
      const clientId = `member-${topic}`;
      const first = await persistent(broker, 5, { clientId });
      await first.subscribe(`$share/g/${topic}`);
      first.acknowledging = false;
      const writer = await connected(broker, 5);
      await writer.publish(topic, 'once', { qos: 2 });
      await first.got(1);
      const other = await connected(broker, 5);
      await other.subscribe(`$share/g/${topic}`);
      await first.break();
      expect(await other.settle()).toEqual([]);
      const back = await persistent(broker, 5, { clientId });
      expect(await back.got(1)).toMatchObject([{ payload: Buffer.from('once'), dup: true, qos: 2 }]);
    });

    test('a member that unsubscribes gets nothing any more, the others get all', async () => {
      const topic = freshTopic();
      const [one, two] = await Promise.all([connected(broker, 5), connected(broker, 5)]);
      for (const member of [one, two]) await member.subscribe(`$share/g/${topic}`, { qos: 1 });
      await one.unsubscribe(`$share/g/${topic}`);
      const writer = await connected(broker, 5);
      for (let i = 0; i < 4; i++) await writer.publish(topic, `${i}`, { qos: 1 });
      expect(await two.got(4)).toHaveLength(4);
      expect(await one.settle()).toEqual([]);
    });

    unlikeMosquitto(broker)('members that are there are served before one that is away', async () => {
      const topic = freshTopic();
      const away = await persistent(broker, 5, { clientId: `away-${topic}` });
      await away.subscribe(`$share/g/${topic}`, { qos: 1 });
      await away.disconnect();
      const here = await connected(broker, 5);
      await here.subscribe(`$share/g/${topic}`, { qos: 1 });
      const writer = await connected(broker, 5);
      for (let i = 0; i < 6; i++) await writer.publish(topic, `${i}`, { qos: 1 });
      expect(await here.got(6)).toHaveLength(6);
    });

    unlikeMosquitto(broker)('no local is an error in a shared subscription', async () => {
      const client = await connected(broker, 5);
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic: `$share/g/${freshTopic()}`, qos: 1, nl: true, rap: false, rh: 0 }],
      });
      expect((await client.next('disconnect')).reasonCode).toBe(0x82);
    });
  });
});
