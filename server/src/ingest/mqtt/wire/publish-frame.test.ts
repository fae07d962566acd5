import fc from 'fast-check';
import { generate, type IPublishPacket } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { parseControlPacket } from './control-packets.ts';
import { FrameReader } from './frame-reader.ts';
import { decodePublish, emptyPublishFrame } from './publish-frame.ts';
import { TopicCache } from './topic-cache.ts';

const topicArbitrary = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter((text) => !/[#+\0]/.test(text) && !/\p{Surrogate}/u.test(text));
const textArbitrary = fc.string({ maxLength: 10 }).filter((text) => !/\p{Surrogate}/u.test(text));

const publishArbitrary = fc.record({
  topic: topicArbitrary,
  payload: fc.uint8Array({ maxLength: 300 }),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  messageId: fc.integer({ min: 1, max: 65_535 }),
  retain: fc.boolean(),
  properties: fc.record(
    {
      topicAlias: fc.integer({ min: 1, max: 65_535 }),
      messageExpiryInterval: fc.integer({ min: 0, max: 0xffff_ffff }),
      payloadFormatIndicator: fc.boolean(),
      contentType: textArbitrary,
      responseTopic: topicArbitrary,
      correlationData: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      userProperties: fc.dictionary(
        textArbitrary.filter((text) => text.length > 0),
        textArbitrary,
        { minKeys: 1, maxKeys: 4, noNullPrototype: true },
      ),
    },
    { requiredKeys: [] },
  ),
});

function decode(bytes: Buffer, version: 4 | 5, topics = new TopicCache<never>()) {
  const reader = new FrameReader();
  reader.append(bytes);
  if (reader.peek(1 << 20) !== 'frame') throw new Error('not one frame');
  const frame = emptyPublishFrame();
  const wrong = decodePublish(frame, bytes, reader.header, reader.bodyStart, reader.end, version, topics);
  return { frame, wrong, payload: bytes.subarray(frame.payloadStart, reader.end) };
}

test('reads every PUBLISH as mqtt-packet does, in both versions, with a topic cache that has seen others', () => {
  const topics = new TopicCache<never>();
  fc.assert(
    fc.property(publishArbitrary, fc.constantFrom(4 as const, 5 as const), (publish, version) => {
      const packet: IPublishPacket = { cmd: 'publish', dup: false, ...publish, payload: Buffer.from(publish.payload) };
      const bytes = generate(packet, { protocolVersion: version });
      const { frame, wrong, payload } = decode(bytes, version, topics);
      const theirs = parseControlPacket(bytes, version) as IPublishPacket;
      expect(wrong).toBeUndefined();
      expect(frame.topic).toBe(theirs.topic);
      expect(frame.qos).toBe(theirs.qos);
      expect(frame.retain).toBe(theirs.retain);
      expect(frame.messageId).toBe(theirs.messageId ?? 0);
      expect(frame.topicAlias).toBe(theirs.properties?.topicAlias ?? 0);
      expect(payload.equals(theirs.payload as Buffer)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('what it takes of mutated packets, mqtt-packet takes too, with the same topic and payload', () => {
  const mutation = fc.record({ at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) });
  fc.assert(
    fc.property(
      publishArbitrary,
      fc.constantFrom(4 as const, 5 as const),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      (publish, version, mutations) => {
        const packet: IPublishPacket = {
          cmd: 'publish',
          dup: false,
          ...publish,
          payload: Buffer.from(publish.payload),
        };
        const bytes = generate(packet, { protocolVersion: version });
        const headerBytes = bytes.length > 129 ? 3 : 2;
        for (const { at, bit } of mutations) {
          const index = headerBytes + (at % (bytes.length - headerBytes));
          bytes[index] = bytes[index]! ^ (1 << bit);
        }
        const { frame, wrong, payload } = decode(bytes, version);
        if (wrong !== undefined) return;
        const theirs = parseControlPacket(bytes, version) as IPublishPacket | undefined;
        expect(theirs).toBeDefined();
        expect(frame.topic).toBe(theirs!.topic);
        expect(payload.equals(theirs!.payload as Buffer)).toBe(true);
      },
    ),
    { numRuns: 3000 },
  );
});

test.each([
  ['a topic that is no UTF-8', Buffer.from([0x30, 5, 0, 2, 0xc3, 0x28, 1]), 'malformed-packet'],
  ['a surrogate in a topic', Buffer.from([0x30, 5, 0, 3, 0xed, 0xa0, 0x80]), 'malformed-packet'],
  ['NUL in a topic', Buffer.from([0x30, 4, 0, 2, 0x61, 0]), 'malformed-packet'],
  ['a wildcard in a topic', Buffer.from([0x30, 5, 0, 3, 0x61, 0x2f, 0x23]), 'topic-invalid'],
  ['an empty topic', Buffer.from([0x30, 2, 0, 0]), 'protocol-error'],
  ['a topic longer than the packet', Buffer.from([0x30, 4, 0, 9, 0x61, 0x62]), 'malformed-packet'],
  ['packet identifier zero', Buffer.from([0x32, 5, 0, 1, 0x61, 0, 0]), 'protocol-error'],
  ['QoS 3', Buffer.from([0x36, 5, 0, 1, 0x61, 0, 1]), 'malformed-packet'],
  ['DUP with QoS 0', Buffer.from([0x38, 3, 0, 1, 0x61]), 'malformed-packet'],
])('refuses %s', (_name, bytes, reason) => {
  expect(decode(bytes, 4).wrong).toBe(reason);
});

test('gives the same packets however the bytes are cut, and keeps what it handed out', () => {
  const packets = fc.array(fc.uint8Array({ minLength: 0, maxLength: 400 }), { minLength: 1, maxLength: 12 });
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(packets, cuts, (payloads, sizes) => {
      const stream = Buffer.concat(
        payloads.map((payload) =>
          generate({ cmd: 'publish', topic: 't', payload: Buffer.from(payload), qos: 0, dup: false, retain: false }),
        ),
      );
      const reader = new FrameReader();
      const bodies: Buffer[] = [];
      for (let position = 0, cut = 0; position < stream.length; cut++) {
        const size = sizes[cut % sizes.length]!;
        // A fresh copy each time, as a socket gives.
        reader.append(Buffer.from(stream.subarray(position, position + size)));
        position += size;
        while (reader.peek(1000) === 'frame') {
          bodies.push(reader.buffer.subarray(reader.bodyStart + 3, reader.end));
          reader.consume();
        }
        expect(reader.assemblyBytes).toBeLessThan(2500);
      }
      expect(bodies.map((body) => [...body])).toEqual(payloads.map((payload) => [...payload]));
      expect(reader.unreadBytes).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('reports a length above the limit from the fixed header alone', () => {
  const reader = new FrameReader();
  reader.append(Buffer.from([0x30, 0xff, 0xff]));
  expect(reader.peek(1024)).toBe('incomplete');
  reader.append(Buffer.from([0xff, 0x7f]));
  expect(reader.peek(1024)).toBe('too-large');
  expect(reader.assemblyBytes).toBeLessThan(64);
});

test('reports a length of five bytes as malformed', () => {
  const reader = new FrameReader();
  reader.append(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01]));
  expect(reader.peek(1024)).toBe('malformed');
});
