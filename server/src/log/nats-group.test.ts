import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeGroup,
  encodeGroup,
  groupBytes,
  maxGroupRecords,
  positionIn,
  sequenceOf,
  startOf,
} from './nats-group.ts';

test('what was joined into a message comes out of it again', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 20 }), (records) => {
      const group = encodeGroup(records);
      expect(group.length).toBe(
        groupBytes(
          records.length,
          records.reduce((sum, { length }) => sum + length, 0),
        ),
      );
      expect(decodeGroup(group).map((record) => Buffer.from(record))).toEqual(records.map((one) => Buffer.from(one)));
    }),
  );
});

test('a message of which a byte has changed, or the end is missing, is not read', () => {
  const group = encodeGroup([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
  for (let i = 4; i < group.length; i++) {
    const damaged = Uint8Array.from(group);
    damaged[i]! ^= 0x10;
    expect(() => decodeGroup(damaged)).toThrow('checksum');
  }
  expect(() => decodeGroup(group.subarray(0, -1))).toThrow('checksum');
});

test('positions grow through a message, name it, and nothing lies between its last record and the next message', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.integer({ min: 1, max: maxGroupRecords }),
      (sequence, count) => {
        const positions = Array.from({ length: count }, (_, i) => positionIn(sequence, i, count));
        expect(positions.every((position, i) => i === 0 || position > positions[i - 1]!)).toBe(true);
        expect(positions.every((position) => sequenceOf(position) === sequence)).toBe(true);
        expect(positions.at(-1)! + 1).toBe(startOf(sequence + 1));
      },
    ),
    { numRuns: 30 },
  );
});
