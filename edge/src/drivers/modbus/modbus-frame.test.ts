import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFrameReader,
  encodeFrame,
  FrameError,
  parseAnswer,
  readRequest,
  writeCoilRequest,
  writeRegistersRequest,
} from './modbus-frame.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const frames = fc.array(
  fc.record({
    transaction: fc.integer({ min: 0, max: 0xffff }),
    unit: fc.integer({ min: 0, max: 255 }),
    pdu: fc.uint8Array({ minLength: 2, maxLength: 253 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 8 },
);

describe('Modbus TCP frames', () => {
  it('are those of the standard', () => {
    expect(encodeFrame(0x1501, 0xff, readRequest('holding', 0x6b, 3))).toEqual(hex('1501 0000 0006 ff 03 006b 0003'));
    expect(writeCoilRequest(0xac, true)).toEqual(hex('05 00ac ff00'));
    expect(writeRegistersRequest(1, hex('0003'))).toEqual(hex('06 0001 0003'));
    expect(writeRegistersRequest(1, hex('000a 0102'))).toEqual(hex('10 0001 0002 04 000a 0102'));
  });

  it('come out whole however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(({ transaction, unit, pdu }) => encodeFrame(transaction, unit, pdu)));
        const reader = createFrameReader();
        const got = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length] ?? 1;
          got.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(got).toEqual(sent);
        expect(reader.pendingBytes()).toBe(0);
      }),
    );
  });

  it('are never made of noise: it is held back or refused, and memory stays small', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (noise) => {
        const reader = createFrameReader();
        try {
          for (const bytes of noise) {
            reader.push(Buffer.from(bytes));
            expect(reader.pendingBytes()).toBeLessThan(260);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });

  it('answer what was asked, or are refused', () => {
    const request = readRequest('input', 0, 2);
    expect(parseAnswer(request, hex('04 04 0001 0002'))).toEqual({ ok: true, data: hex('0001 0002') });
    expect(parseAnswer(request, hex('84 02'))).toEqual({ ok: false, exception: 2 });
    for (const wrong of ['03 04 0001 0002', '04 02 0001', '04 04 0001', '04 04 0001 0002 0003', '83 02', '84 02 00'])
      expect(() => parseAnswer(request, hex(wrong))).toThrow(FrameError);
    expect(parseAnswer(readRequest('coil', 0, 9), hex('01 02 ff01'))).toEqual({ ok: true, data: hex('ff01') });
    const write = writeRegistersRequest(1, hex('000a 0102'));
    expect(parseAnswer(write, hex('10 0001 0002')).ok).toBe(true);
    expect(() => parseAnswer(write, hex('10 0001 0001'))).toThrow(FrameError);
  });

  it('are checked against any answer without another fault than a FrameError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 253 }), fc.integer({ min: 1, max: 125 }), (bytes, count) => {
        try {
          const answer = parseAnswer(readRequest('holding', 0, count), Buffer.from(bytes));
          if (answer.ok) expect(answer.data.length).toBe(count * 2);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });
});
