import { generate, type Packet } from 'mqtt-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { describeBrokers, type TestBroker } from './brokers.ts';
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
  ['PUBACK with wrong flags', hex('4102 0001')],
  ['PUBREC with wrong flags', hex('5102 0001')],
  ['PUBCOMP with wrong flags', hex('7102 0001')],
  ['PINGREQ with wrong flags', hex('c100')],
  ['PUBACK of identifier zero', hex('4002 0000')],
  ['PUBREC of identifier zero', hex('5002 0000')],
  ['PUBREL of identifier zero', hex('6202 0000')],
  ['PUBCOMP of identifier zero', hex('7002 0000')],
  ['PUBACK without an identifier', hex('4000')],
  ['PUBREL that is cut off', hex('6201 00')],
  ['QoS 1 without an identifier', hex('3203 0001 61')],
  ['a topic that is no UTF-8', hex('3005 0002 c328 78')],
  ['a topic in overlong UTF-8', hex('3005 0002 c0af 78')],
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
  ['SUBSCRIBE to text that is no UTF-8', hex('8207 0001 0002 c328 00')],
  ['SUBSCRIBE to text with NUL', hex('8207 0001 0002 6100 00')],
  ['SUBSCRIBE to an empty filter', hex('8205 0001 0000 00')],
  ['SUBSCRIBE to a wildcard beside a letter', hex('8207 0001 0002 6123 00')],
  ['SUBSCRIBE without a QoS', hex('8205 0001 0001 61')],
  ['SUBSCRIBE whose second filter is cut off', hex('8209 0001 0001 61 00 0005 61')],
  ['SUBSCRIBE of identifier zero', hex('8206 0000 0001 61 00')],
  ['UNSUBSCRIBE from text that is no UTF-8', hex('a206 0001 0002 c328')],
  ['UNSUBSCRIBE from an empty filter', hex('a204 0001 0000')],
  ['UNSUBSCRIBE from a wildcard beside a letter', hex('a206 0001 0002 612b')],
  ['UNSUBSCRIBE of identifier zero', hex('a205 0000 0001 61')],
  ['QoS 0 that says it comes again', hex('3804 0001 61 78')],
  ['PUBACK with a reason code', hex('4003 0001 00')],
  ['DISCONNECT with a reason code', hex('e001 00')],
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
  ['AUTH with a method that was never agreed on', hex('f007 18 05 15 0002 5858')],
  ['SUBSCRIBE to text that is no UTF-8', hex('8208 0001 00 0002 c328 00')],
  ['SUBSCRIBE to text with NUL', hex('8208 0001 00 0002 6100 00')],
  ['SUBSCRIBE to an empty filter', hex('8206 0001 00 0000 00')],
  ['SUBSCRIBE to a wildcard beside a letter', hex('8208 0001 00 0002 6123 00')],
  ['SUBSCRIBE without options', hex('8206 0001 00 0001 61')],
  ['SUBSCRIBE of QoS 3', hex('8207 0001 00 0001 61 03')],
  ['SUBSCRIBE of identifier zero', hex('8207 0000 00 0001 61 00')],
  ['SUBSCRIBE with two subscription identifiers', hex('820b 0001 04 0b01 0b02 0001 61 00')],
  ['SUBSCRIBE with a subscription identifier of five bytes', hex('820d 0001 06 0bffffffff01 0001 61 00')],
  ['SUBSCRIBE with a property of PUBLISH', hex('820c 0001 05 0200000001 0001 61 00')],
  ['SUBSCRIBE with a user property that is no UTF-8', hex('820f 0001 08 26 0002c328 000162 0001 61 00')],
  ['UNSUBSCRIBE from text that is no UTF-8', hex('a207 0001 00 0002 c328')],
  ['UNSUBSCRIBE from an empty filter', hex('a205 0001 00 0000')],
  ['UNSUBSCRIBE from a wildcard beside a letter', hex('a207 0001 00 0002 612b')],
  ['UNSUBSCRIBE with a subscription identifier', hex('a208 0001 02 0b01 0001 61')],
  ['a topic alias that stands for nothing yet', hex('3006 0000 03 230001 78')],
  ['a topic alias above the maximum', hex('3008 0001 61 03 237fff 78')],
  ['a topic alias given twice', hex('300b 0001 61 06 230001 230001 78')],
  ['a user property with NUL', hex('300c 0001 61 07 26 000100 000162 78')],
  ['a content type that is no UTF-8', hex('300a 0001 61 05 03 0002c328 78')],
  ['a session expiry in PUBLISH', hex('300a 0001 61 05 1100000001 78')],
  ['a property that nobody knows', hex('3007 0001 61 02 7f00 78')],
  ['PUBLISH without a length of properties', hex('3003 0001 61')],
  ['PUBACK with a property of PUBLISH', hex('4009 0001 00 05 0200000001')],
  ['PUBACK with a reason string twice', hex('400c 0001 00 08 1f000161 1f000161')],
  ['PUBACK with a reason code that is none of its', hex('4003 0001 55')],
  ['PUBREL with a reason code that is none of its', hex('6203 0001 10')],
  ['PUBREC with properties that are cut off', hex('5004 0001 00 04')],
];

/** DISCONNECT ends the connection anyway; a wrong one is answered. */
const wrongGoodbyes: readonly [string, Buffer][] = [
  ['a reason code that is none of its', hex('e001 55')],
  ['a property of PUBLISH', hex('e007 00 05 0200000001')],
  ['a session expiry given twice', hex('e00c 00 0a 1100000000 1100000000')],
  ['properties that are cut off', hex('e002 00 20')],
];

const connectBytes = (version: 4 | 5, flags: number, rest: string) => {
  const body = hex(`0004 4d515454 0${version} ${flags.toString(16).padStart(2, '0')} 0000 ${rest}`);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
};
/** The client identifier `a`, and what follows it. */
const four = (flags: number, rest = '', id = '0001 61') => connectBytes(4, flags, id + rest);
const five = (properties: string, flags = 2, rest = '') => {
  const length = (properties.replaceAll(' ', '').length / 2).toString(16).padStart(2, '0');
  return connectBytes(5, flags, `${length} ${properties} 0001 61 ${rest}`);
};
const will = (properties: string) => {
  const length = (properties.replaceAll(' ', '').length / 2).toString(16).padStart(2, '0');
  return five('', 6, `${length} ${properties} 0001 74 0001 70`);
};

const wrongConnects: readonly [string, Buffer][] = [
  ['anything but CONNECT', hex('c000')],
  ['an empty CONNECT', hex('1000')],
  ['wrong flags', Buffer.concat([hex('11'), four(2).subarray(1)])],
  ['the reserved flag', four(3)],
  ['a password without a user name in 3.1.1', four(0x42, '0001 70')],
  ['a will of QoS 3', four(0x1e, '0001 74 0001 70')],
  ['a will QoS without a will', four(0x0a)],
  ['a retained will without a will', four(0x22)],
  ['a will flag without a will', four(6)],
  ['a will without a payload', four(6, '0001 74')],
  ['a will on an empty topic', four(6, '0000 0001 70')],
  ['a will on a topic with a wildcard', four(6, '0001 23 0001 70')],
  ['a will on a topic that is no UTF-8', four(6, '0002 c328 0001 70')],
  ['a user name that is not there', four(0x82)],
  ['a user name that is no UTF-8', four(0x82, '0002 c328')],
  ['a user name with NUL', four(0x82, '0001 00')],
  ['a password that is not there', four(0xc2, '0001 75')],
  ['a client identifier that is no UTF-8', four(2, '', '0002 c328')],
  ['a client identifier with NUL', four(2, '', '0002 6100')],
  ['no client identifier', four(2, '', '')],
  ['bytes behind the end in 3.1.1', four(2, '0001 62')],
  ['bytes behind the end in 5', five('', 2, 'ffff')],
  ['no length of properties', connectBytes(5, 2, '0001 61')],
  ['properties longer than the packet', connectBytes(5, 2, '20 0001 61')],
  ['receive maximum zero', five('210000')],
  ['receive maximum given twice', five('210001 210002')],
  ['maximum packet size zero', five('2700000000')],
  ['a property given twice', five('1100000001 1100000002')],
  ['a topic alias maximum given twice', five('22000a 22000a')],
  ['request problem information of 2', five('1702')],
  ['request problem information given twice', five('1700 1700')],
  ['request response information of 2', five('1902')],
  ['a user property that is no UTF-8', five('26 0002c328 000162')],
  ['a will delay among its own properties', five('1800000001')],
  ['a property of PUBLISH', five('230001')],
  ['a property of CONNACK', five('12000161')],
  ['a property that nobody knows', five('7f00')],
  ['an authentication method given twice', five('15000158 15000158')],
  ['authentication data without a method', five('16 0001 61')],
  ['a will without a length of properties', five('', 6, '0001 74 0001 70')],
  ['a will delay given twice', will('1800000001 1800000001')],
  ['a will with a topic alias', will('230001')],
  ['a will with a session expiry', will('1100000001')],
  ['a will with a payload format that is neither 0 nor 1', will('0102')],
  ['a will with a response topic with a wildcard', will('0800012b')],
];

/** Mosquitto takes these; the specifications say that they are errors. */
const mosquittoTakes = new Set([
  ...['PINGRESP', 'a subscription identifier from a client', 'a response topic with a wildcard'],
  ...['a payload format that is neither 0 nor 1', 'authentication data without a method', 'SUBACK', 'UNSUBACK'],
  ...['PUBACK', 'PUBREC', 'PUBCOMP', 'PINGREQ'].map((name) => `${name} with wrong flags`),
  ...['QoS 0 that says it comes again', 'PUBACK with a reason code'],
  ...['PUBACK', 'PUBREL'].map((name) => `${name} with a reason code that is none of its`),
  ...['a payload format that is neither 0 nor 1', 'a response topic with a wildcard'].map(
    (what) => `a will with ${what}`,
  ),
]);

/** Luban says why in MQTT 5. */
async function ends(broker: TestBroker, client: TestClient, bytes: Buffer): Promise<void> {
  client.sendBytes(bytes);
  await client.end();
  if (broker.name !== 'luban' || client.version !== 5) return;
  expect([0x81, 0x82, 0x90, 0x94]).toContain((await client.next('disconnect')).reasonCode);
}

describeBrokers((broker) => {
  const judged = (rows: readonly [string, Buffer][]) =>
    rows.filter(([name]) => broker.name === 'luban' || !mosquittoTakes.has(name));

  describe('MQTT 3.1.1', () => {
    test.each(judged([...forbidden, ...forbiddenIn4]))('%s ends the connection', async (_name, bytes) => {
      await ends(broker, await connected(broker, 4), bytes);
    });
  });

  describe('MQTT 5', () => {
    // The same bytes mean the same: PUBLISH with an empty list of properties would only be cut off earlier.
    test.each(judged([...forbidden, ...forbiddenIn5]))('%s ends the connection', async (_name, bytes) => {
      await ends(broker, await connected(broker, 5), bytes);
    });
  });

  test.runIf(broker.name === 'luban').each(wrongGoodbyes)('DISCONNECT with %s is an error', async (_name, bytes) => {
    await ends(broker, await connected(broker, 5), bytes);
  });

  test.each(judged(wrongConnects))('CONNECT: %s ends the connection', async (_name, bytes) => {
    const version = bytes[8] === 5 ? 5 : 4;
    const client = bare(broker, version);
    client.sendBytes(bytes);
    await client.end();
    // MQTT 3.1.1: without CONNACK.
    if (version === 4) expect(client.sizes).toEqual([]);
  });

  test('another protocol name ends the connection', async () => {
    for (const version of ['04', '05']) {
      const client = bare(broker, version === '05' ? 5 : 4);
      client.sendBytes(hex(`100d 0004 4d515458 ${version} 02 0000 0001 61`));
      await client.end();
      if (broker.name === 'luban' && version === '05') expect((await client.next('connack')).reasonCode).toBe(0x84);
    }
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
