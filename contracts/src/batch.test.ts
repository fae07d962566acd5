import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchSample, createBatchReader, createBatchWriter, decodeBatch, encodeBatch, toBatch } from './batch.ts';
import { BatchError } from './batch-error.ts';
import { qualityCode, qualityReasons } from './quality.ts';
import { type Sample, toSeries } from './sample.ts';

const series = fc.integer({ min: 1, max: 0xffff_ffff }).map(toSeries);
const time = fc.oneof(
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: 1_790_000_000_000_000, max: 1_790_000_600_000_000 }),
);
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const json = fc.oneof(fc.dictionary(fc.string(), fc.integer()), fc.array(fc.string()));
const present = fc.record({
  series,
  time,
  value: fc.oneof(number, fc.boolean(), fc.string({ unit: 'grapheme' }), json),
  quality: fc.constantFrom(...qualityReasons).map(qualityCode),
  simulated: fc.boolean(),
});
const missing = fc.record({
  series,
  time,
  value: fc.constant(null),
  quality: fc.constant(qualityCode('deviceSilent')),
  simulated: fc.boolean(),
});
const samples = fc.array(fc.oneof({ weight: 9, arbitrary: present }, missing), { minLength: 1, maxLength: 60 });

/** JSON values lose what JSON has no word for: prototypes and −0 inside. Numbers keep even their −0. */
function asJson(sample: Sample): Sample {
  return typeof sample.value === 'object' ? { ...sample, value: JSON.parse(JSON.stringify(sample.value)) } : sample;
}

describe('a batch', () => {
  test('comes back as it went in, in order, whatever its values', () => {
    fc.assert(
      fc.property(samples, fc.nat(), fc.boolean(), (given, sequence, backlog) => {
        const decoded = decodeBatch(encodeBatch(toBatch(given as Sample[], sequence, backlog)));
        expect(decoded.sequence).toBe(sequence);
        expect(decoded.backlog).toBe(backlog);
        const back = Array.from({ length: decoded.count }, (_, i) => batchSample(decoded, i));
        expect(back).toEqual((given as Sample[]).map(asJson));
      }),
    );
  });

  test('is written and read the same by who makes no bytes and no columns for small ones', () => {
    const read = createBatchReader();
    const write = createBatchWriter();
    fc.assert(
      fc.property(samples, fc.nat({ max: 7 }), (given, offset) => {
        const bytes = encodeBatch(toBatch(given as Sample[]));
        expect(write(toBatch(given as Sample[]))).toEqual(bytes);
        const around = new Uint8Array(bytes.length + 16).fill(0xff);
        around.set(bytes, offset);
        expect(read(around.subarray(offset, offset + bytes.length))).toEqual(decodeBatch(bytes));
      }),
    );
  });

  test('with any byte changed or cut is read or refused with a BatchError, never anything else', () => {
    fc.assert(
      fc.property(samples, fc.nat(), fc.nat({ max: 255 }), fc.nat(), (given, where, byte, cut) => {
        const bytes = encodeBatch(toBatch(given as Sample[]));
        bytes[where % bytes.length] = byte;
        for (const input of [bytes, bytes.subarray(0, cut % bytes.length)]) {
          try {
            decodeBatch(input);
          } catch (error) {
            expect(error).toBeInstanceOf(BatchError);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['a NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
  ])('with %s is refused and says which sample', (_, value) => {
    const bytes = encodeBatch(toBatch([{ series: toSeries(1), time: 1, value, quality: 0, simulated: false }]));
    expect(() => decodeBatch(bytes)).toThrow('sample 0: the value is not a finite number');
  });

  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY])('with the time %d cannot be written', (time) => {
    const given = toBatch([{ series: toSeries(1), time, value: 1, quality: 0, simulated: false }]);
    expect(() => encodeBatch(given)).toThrow(BatchError);
  });

  test('is refused when samples that share a text are too much to write out, and its JSON is read once', () => {
    const json: Sample = {
      series: toSeries(1),
      time: 1_790_000_000_000_000,
      value: [],
      quality: qualityCode('good'),
      simulated: false,
    };
    const batch = toBatch(Array.from({ length: 20_000 }, () => json));
    const shared = (length: number) =>
      encodeBatch({ ...batch, value: new Float64Array(20_000), texts: [JSON.stringify('x'.repeat(length))] });
    expect(decodeBatch(shared(100)).count).toBe(20_000);
    expect(() => decodeBatch(shared(400_000))).toThrow('longer than');
  });

  test('costs 16 bytes a sample and a header when all is well', () => {
    const given = Array.from({ length: 500 }, (_, i) => ({
      series: toSeries(i + 1),
      time: 1_790_000_000_000_000 + i,
      value: i / 2,
      quality: 0,
      simulated: false,
    }));
    expect(encodeBatch(toBatch(given))).toHaveLength(28 + 500 * 16 + 2);
  });
});
