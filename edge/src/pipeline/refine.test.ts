import {
  type CollectedPoint,
  collectedPoint,
  isQualityCode,
  qualityClass,
  qualityCode,
  type Sample,
  type SampleValue,
} from '@luban/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { due, newPointState, refine } from './refine.ts';

const good = qualityCode('good');
const start = 1_790_000_000_000_000;
const ms = (value: number) => start + value * 1000;

function point(change: Partial<CollectedPoint> = {}): CollectedPoint {
  const address = { protocol: 'modbus-tcp', area: 'holding', address: 0 };
  return {
    ...collectedPoint.parse({ series: 7, name: 'CNC-01/load', type: 'number', range: null, address }),
    ...change,
  };
}

/** Feeds readings at times (ms) and returns what is sent. */
function feed(
  of: CollectedPoint,
  readings: readonly [timeMs: number, value: SampleValue, quality?: number][],
): Sample[] {
  const state = newPointState(of, false);
  return readings
    .map(([timeMs, value, quality = good]) =>
      refine(state, { point: of, value, quality, timeUs: ms(timeMs) }, ms(timeMs)),
    )
    .filter((sample) => sample !== null);
}
const values = (samples: readonly Sample[]) => samples.map(({ value }) => value);

describe('refine', () => {
  test('scales, then adds the offset', () => {
    expect(values(feed(point({ scale: 0.1, offset: -40 }), [[0, 615]]))).toEqual([21.5]);
  });

  test('sends a number when it moved by the deadband since the last one sent, not since the last one read', () => {
    const read: [number, number][] = [10, 10.4, 10.8, 11.2, 11.6, 12.2].map((value, i) => [i, value]);
    expect(values(feed(point({ deadband: 1 }), read))).toEqual([10, 11.2, 12.2]);
  });

  test('measures the deadband in the unit of the point, after scaling', () => {
    expect(
      values(
        feed(point({ deadband: 1, scale: 0.1 }), [
          [0, 100],
          [1, 105],
          [2, 110],
        ]),
      ),
    ).toEqual([10, 11]);
  });

  test('without a deadband sends every reading, but none twice', () => {
    expect(
      values(
        feed(point(), [
          [0, 5],
          [1, 5],
          [1, 5],
          [1, 6],
        ]),
      ),
    ).toEqual([5, 5, 6]);
  });

  test('sends an unmoved value once the longest interval has passed', () => {
    const sent = feed(point({ deadband: 1, maxIntervalMs: 1000 }), [
      [0, 5],
      [500, 5],
      [999, 5],
      [1000, 5],
      [1500, 5],
    ]);
    expect(sent.map(({ time }) => time)).toEqual([ms(0), ms(1000)]);
  });

  test('holds what comes within the shortest interval and lets the last one win, with its own time', () => {
    const of = point({ minIntervalMs: 1000 });
    const state = newPointState(of, false);
    const read = (timeMs: number, value: number) =>
      refine(state, { point: of, value, quality: good, timeUs: ms(timeMs) }, ms(timeMs));
    expect(read(0, 1)?.value).toBe(1);
    expect([read(100, 2), read(600, 3)]).toEqual([null, null]);
    expect(due(state, ms(900), true)).toBeNull();
    expect(due(state, ms(1000), false)).toMatchObject({ value: 3, time: ms(600) });
    expect(due(state, ms(5000), true)).toBeNull();
  });

  test('lets a change of quality pass whatever the intervals say', () => {
    const silent = qualityCode('deviceSilent');
    const sent = feed(point({ minIntervalMs: 60_000, deadband: 5 }), [
      [0, 1],
      [1, null, silent],
      [2, null, silent],
      [3, 1],
    ]);
    expect(sent.map(({ quality }) => quality)).toEqual([good, silent, good]);
  });

  test.each([
    ['a NaN', Number.NaN, 'notANumber'],
    ['an infinity', Number.POSITIVE_INFINITY, 'notANumber'],
    ['a number that overflows when scaled', Number.MAX_VALUE, 'notANumber'],
    ['a text where a number belongs', '21.5', 'configuration'],
    ['a boolean where a number belongs', true, 'configuration'],
    ['nothing with good quality', null, 'bad'],
  ] as const)('makes %s a missing value that says why', (_, value, reason) => {
    const [sent] = feed(point({ scale: 10 }), [[0, value]]);
    expect(sent).toMatchObject({ value: null, quality: qualityCode(reason) });
  });

  test('marks a value outside the engineering range as uncertain, and never betters what the device said', () => {
    const sent = feed(point({ range: [0, 100] }), [
      [0, 101],
      [1, 100],
      [2, 101, qualityCode('sensorFailure')],
    ]);
    expect(sent.map(({ quality }) => quality)).toEqual([qualityCode('outOfRange'), good, qualityCode('sensorFailure')]);
  });

  test('sends texts, booleans and JSON when they change', () => {
    expect(
      values(
        feed(point({ type: 'string' }), [
          [0, 'a'],
          [1, 'a'],
          [2, 'b'],
        ]),
      ),
    ).toEqual(['a', 'b']);
    expect(
      values(
        feed(point({ type: 'boolean' }), [
          [0, true],
          [1, true],
          [2, false],
        ]),
      ),
    ).toEqual([true, false]);
    expect(
      values(
        feed(point({ type: 'json' }), [
          [0, { a: 1 }],
          [1, { a: 1 }],
          [2, [1]],
        ]),
      ),
    ).toEqual([{ a: 1 }, [1]]);
  });

  test.each([0, 1_000_000, start + 90_000 * 1_000_000, Number.NaN])(
    'takes the time of the edge, and says so, when the device says %d µs',
    (timeUs) => {
      const of = point();
      const state = newPointState(of, false);
      const sample = refine(state, { point: of, value: 5, quality: good, timeUs }, ms(0));
      expect(sample).toMatchObject({ value: 5, time: ms(0), quality: qualityCode('uncertain') });
      expect(state.fault).toBe('point.clock');
    },
  );

  test('goes on when the device sets its clock back', () => {
    expect(
      values(
        feed(point({ deadband: 9 }), [
          [5000, 1],
          [100, 1],
          [200, 1],
        ]),
      ),
    ).toEqual([1, 1]);
  });
});

describe('due', () => {
  test('repeats the newest value with the current time at the longest interval, while the device answers', () => {
    const of = point({ maxIntervalMs: 1000, deadband: 5 });
    const state = newPointState(of, false);
    refine(state, { point: of, value: 10, quality: good, timeUs: ms(0) }, ms(0));
    refine(state, { point: of, value: 11, quality: good, timeUs: ms(500) }, ms(500));
    expect(due(state, ms(999), true)).toBeNull();
    expect(due(state, ms(1200), true)).toMatchObject({ value: 11, time: ms(1200) });
    expect(due(state, ms(1300), true)).toBeNull();
  });

  test('gives a dead device no sign of life', () => {
    const of = point({ maxIntervalMs: 1000 });
    const state = newPointState(of, false);
    refine(state, { point: of, value: 10, quality: good, timeUs: ms(0) }, ms(0));
    expect(due(state, ms(3_600_000), false)).toBeNull();
  });

  test('says nothing of a point that was never read', () => {
    expect(due(newPointState(point(), false), ms(3_600_000), true)).toBeNull();
  });
});

const anyValue = fc.oneof(
  fc.double(),
  fc.boolean(),
  fc.string(),
  fc.constant(null),
  fc.jsonValue() as fc.Arbitrary<SampleValue>,
);
const anyPoint = fc
  .record({
    type: fc.constantFrom('number', 'boolean', 'string', 'json'),
    scale: fc.double({ noNaN: true, noDefaultInfinity: true }),
    offset: fc.double({ noNaN: true, noDefaultInfinity: true }),
    deadband: fc.double({ min: 0, max: 100, noNaN: true }),
    minIntervalMs: fc.nat(2000),
    maxIntervalMs: fc.integer({ min: 1000, max: 5000 }),
    range: fc.constantFrom(null, [0, 1] as [number, number]),
  })
  .map((change) => point(change as Partial<CollectedPoint>));

describe('whatever a driver hands in', () => {
  test('every sample is one that the wire carries', () => {
    const reading = fc.record({ value: anyValue, quality: fc.oneof(fc.nat(300), fc.double()), timeUs: fc.double() });
    fc.assert(
      fc.property(anyPoint, fc.array(reading), (of, readings) => {
        const state = newPointState(of, true);
        for (const [i, one] of readings.entries()) {
          const sample = refine(state, { point: of, ...one }, ms(i));
          if (sample === null) continue;
          expect(isQualityCode(sample.quality)).toBe(true);
          expect(Number.isSafeInteger(sample.time) && sample.time >= 0).toBe(true);
          if (sample.value === null) expect(qualityClass(sample.quality)).toBe('bad');
          if (typeof sample.value === 'number') expect(Number.isFinite(sample.value)).toBe(true);
        }
      }),
    );
  });

  test('what was held back is never further from what was sent than the deadband, nor longer than the interval', () => {
    const steps = fc.array(
      fc.record({ waitMs: fc.integer({ min: 1, max: 400 }), value: fc.double({ min: -200, max: 200, noNaN: true }) }),
    );
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 50, noNaN: true }), (readings, deadband) => {
        const of = point({ deadband, maxIntervalMs: 1000 });
        const state = newPointState(of, false);
        let timeMs = 0;
        for (const { waitMs, value } of readings) {
          timeMs += waitMs;
          const sample = refine(state, { point: of, value, quality: good, timeUs: ms(timeMs) }, ms(timeMs));
          if (sample !== null) continue;
          expect(Math.abs(value - (state.sent!.value as number))).toBeLessThan(deadband);
          expect(ms(timeMs) - state.sent!.time).toBeLessThan(1_000_000);
        }
      }),
    );
  });
});
