import { packStatus, qualityCode } from '@luban/contracts';
import { expect, test } from 'vitest';
import { lineRequest, remoteWriteRequest } from './rival-requests.ts';

const status = packStatus(qualityCode('good'), true, 'number');
const batch = {
  count: 2,
  sequence: 0,
  backlog: false,
  series: Uint32Array.of(7, 7),
  time: Float64Array.of(1_700_000_000_000_000, 1_700_000_001_003_000),
  value: Float64Array.of(21.5, -3),
  status: Uint16Array.of(status, status),
  texts: [],
};
const body = (request: Buffer) => request.subarray(request.indexOf('\r\n\r\n') + 4);

test('the line protocol has a line for each sample, in milliseconds', () => {
  const request = lineRequest(1, batch);
  expect(body(request).toString()).toBe(
    'points,point=7 value=21.5 1700000000000\npoints,point=7 value=-3 1700000001003',
  );
  expect(request.toString()).toContain(`content-length: ${body(request).length}\r\n`);
});

test('remote write names a series once and gives all its samples', () => {
  const bytes = body(remoteWriteRequest(1, batch));
  // One literal of Snappy: the length of all, the tag for two bytes of length, the length − 1.
  const length = bytes[0]!;
  expect([...bytes.subarray(1, 4)]).toEqual([0xf4, length - 1, 0]);
  const message = bytes.subarray(4);
  expect(message.length).toBe(length);
  const text = message.toString('latin1');
  expect(text.split('points').length - 1).toBe(1);
  const at = message.indexOf(0x09, message.indexOf('point\x12\x017'));
  expect(message.readDoubleLE(at + 1)).toBe(21.5);
  // Field 2, a varint: 1,700,000,000,000 by sevens of bits.
  expect([...message.subarray(at + 9, at + 16)]).toEqual([0x10, 0x80, 0xd0, 0x95, 0xff, 0xbc, 0x31]);
});
