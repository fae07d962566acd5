import { generate, type Packet } from 'mqtt-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers } from './brokers.ts';
import { bare, connected, endClients, type TestClient } from './test-client.ts';

afterEach(endClients);

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** What a connected client of both versions may not send. */
const forbidden: readonly [string, Buffer][] = [
  ['a packet type that is not there', hex('0000')],
  ['CONNACK', hex('2002 0000')],
  ['SUBACK', hex('9003 0001 00')],
  ['UNSUBACK', hex('b002 0001')],
  ['PINGRESP', hex('d000')],
  ['a second CONNECT', hex('100d 0004 4d515454 04 02 0000 0001 61')],
  ['QoS 3', hex('3606 0001 61 0001 78')],
  ['a length of five bytes', hex('30ffffffff01')],
  ['PUBREL with wrong flags', hex('6002 0001')],
  ['SUBSCRIBE with wrong flags', hex('8006 0001 0001 61 00')],
  ['UNSUBSCRIBE with wrong flags', hex('a005 0001 0001 61')],
  ['DISCONNECT with wrong flags', hex('e100')],
  ['a topic that is no UTF-8', hex('3005 0002 c328 78')],
  ['a topic with a surrogate', hex('3006 0003 eda080 78')],
  ['a topic with NUL', hex('3005 0002 6100 78')],
  ['a topic with a wildcard', hex('3005 0002 612b 78')],
  ['a topic longer than its packet', hex('3004 0009 6178')],
];

const forbiddenIn4: readonly [string, Buffer][] = [
  ['packet identifier zero', hex('3206 0001 61 0000 78')],
  ['an empty topic', hex('3003 0000 78')],
  ['SUBSCRIBE without a filter', hex('8202 0001')],
  ['SUBSCRIBE of QoS 3', hex('8206 0001 0001 61 03')],
  ['SUBSCRIBE with reserved bits', hex('8206 0001 0001 61 04')],
  ['UNSUBSCRIBE without a filter', hex('a202 0001')],
];

const forbiddenIn5: readonly [string, Buffer][] = [
  ['packet identifier zero', hex('3207 0001 61 0000 00 78')],
  ['neither topic nor alias', hex('3004 0000 00 78')],
  ['topic alias zero', hex('3007 0001 61 03 230000')],
  ['a property given twice', hex('3009 0001 61 04 0100 0100 78')],
  ['a property that is none of PUBLISH', hex('3007 0001 61 02 2401 78')],
  ['a subscription identifier from a client', hex('3007 0001 61 02 0b01 78')],
  ['a response topic with a wildcard', hex('3009 0001 61 04 08 0001 23 78')],
  ['a payload format that is neither 0 nor 1', hex('3007 0001 61 02 0102 78')],
  ['properties longer than the packet', hex('3005 0001 61 09 78')],
  ['SUBSCRIBE without a filter', hex('8203 0001 00')],
  ['SUBSCRIBE with subscription identifier zero', hex('8209 0001 02 0b00 0001 61 00')],
  ['SUBSCRIBE with retain handling 3', hex('8207 0001 00 0001 61 30')],
  ['SUBSCRIBE with reserved bits', hex('8207 0001 00 0001 61 40')],
  ['UNSUBSCRIBE without a filter', hex('a203 0001 00')],
  ['AUTH', hex('f000')],
];

const wrongConnects: readonly [string, Buffer][] = [
  ['anything but CONNECT', hex('c000')],
  ['another protocol name', hex('100d 0004 4d515458 04 02 0000 0001 61')],
  ['the reserved flag', hex('100d 0004 4d515454 04 03 0000 0001 61')],
  ['a password without a user name in 3.1.1', hex('1010 0004 4d515454 04 42 0000 0001 61 0001 70')],
  ['a will of QoS 3', hex('1013 0004 4d515454 04 1e 0000 0001 61 0001 74 0001 70')],
  ['a will QoS without a will', hex('100d 0004 4d515454 04 0a 0000 0001 61')],
  ['a will flag without a will', hex('100d 0004 4d515454 04 06 0000 0001 61')],
  ['a client identifier that is no UTF-8', hex('100e 0004 4d515454 04 02 0000 0002 c328')],
  ['receive maximum zero', hex('1011 0004 4d515454 05 02 0000 03 210000 0001 61')],
  ['maximum packet size zero', hex('1013 0004 4d515454 05 02 0000 05 2700000000 0001 61')],
  ['a property given twice', hex('1018 0004 4d515454 05 02 0000 0a 1100000001 1100000002 0001 61')],
  ['authentication data without a method', hex('1012 0004 4d515454 05 02 0000 04 16 0001 61 0001 61')],
];

/** Mosquitto takes these; the specifications say that they are errors. */
const mosquittoTakes = new Set([
  ...['PINGRESP', 'a subscription identifier from a client', 'a response topic with a wildcard'],
  ...['a payload format that is neither 0 nor 1', 'authentication data without a method', 'SUBACK', 'UNSUBACK'],
]);

async function ends(client: TestClient, bytes: Buffer): Promise<void> {
  client.sendBytes(bytes);
  await client.end();
}

describeBrokers((broker) => {
  const judged = (rows: readonly [string, Buffer][]) =>
    rows.filter(([name]) => broker.name === 'luban' || !mosquittoTakes.has(name));

  describe('MQTT 3.1.1', () => {
    test.each(judged([...forbidden, ...forbiddenIn4]))('%s ends the connection', async (_name, bytes) => {
      await ends(await connected(broker, 4), bytes);
    });
  });

  describe('MQTT 5', () => {
    // The same bytes mean the same: PUBLISH with an empty list of properties would only be cut off earlier.
    test.each(judged([...forbidden, ...forbiddenIn5]))('%s ends the connection', async (_name, bytes) => {
      await ends(await connected(broker, 5), bytes);
    });
  });

  test.each(judged(wrongConnects))('CONNECT: %s ends the connection', async (_name, bytes) => {
    await ends(bare(broker, bytes[8] === 5 ? 5 : 4), bytes);
  });

  test('an unknown protocol level is answered with "unacceptable protocol version"', async () => {
    const client = bare(broker, 4);
    client.sendBytes(hex('100d 0004 4d515454 03 02 0000 0001 61'));
    expect((await client.next('connack')).returnCode).toBe(1);
    await client.end();
  });

  test('an authentication method that is not offered is refused with its code', async () => {
    const client = bare(broker, 5);
    client.sendBytes(
      generate(
        {
          ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clean: true, clientId: 'a', keepalive: 0 },
          properties: { authenticationMethod: 'X' },
        } as Packet,
        { protocolVersion: 5 },
      ),
    );
    expect((await client.next('connack')).reasonCode).toBe(0x8c);
    await client.end();
  });
});
