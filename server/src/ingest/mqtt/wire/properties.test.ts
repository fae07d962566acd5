import mqttPacket from 'mqtt-packet';
import { expect, test } from 'vitest';
import { emptyPropertyMarks, userProperty, walkProperties } from './properties.ts';

/** The list of properties of a PUBLISH that has these, as another program writes it. */
function listOf(properties: object): Buffer {
  const packet = mqttPacket.generate(
    { cmd: 'publish', topic: 't', payload: '', qos: 0, dup: false, retain: false, properties },
    { protocolVersion: 5 },
  );
  const marks = emptyPropertyMarks();
  expect(walkProperties(marks, packet, 5, packet.length, 'publish')).toBeUndefined();
  return packet.subarray(marks.start, marks.end);
}

test('a user property is found among properties of every shape', () => {
  const list = listOf({
    payloadFormatIndicator: true,
    messageExpiryInterval: 7,
    topicAlias: 38,
    responseTopic: '&&&',
    correlationData: Buffer.from([38, 0, 3, 38]),
    contentType: 'name',
    userProperties: { first: 'name', name: 'värde', last: '' },
  });
  expect(userProperty(list, 'name')).toBe('värde');
  expect(userProperty(list, 'last')).toBe('');
  expect(userProperty(list, 'värde')).toBeUndefined();
});

test('one that is there twice is none, as nobody can say which counts', () => {
  expect(userProperty(listOf({ userProperties: { name: ['a', 'b'], other: 'c' } }), 'name')).toBeUndefined();
  expect(userProperty(Buffer.alloc(0), 'name')).toBeUndefined();
});
