import { describe, expect, test } from 'vitest';
import { ZodError } from 'zod';
import { readTelemetry } from './thingsboard-payload.ts';

describe('ThingsBoard telemetry', () => {
  test.each([
    ['values alone', { a: 1, b: 'x' }, [{ timeUs: null, values: { a: 1, b: 'x' } }]],
    [
      'values with their time',
      { ts: 1_451_649_600_512, values: { a: 1 } },
      [{ timeUs: 1_451_649_600_512_000, values: { a: 1 } }],
    ],
    [
      'a list of both',
      [{ a: 1 }, { ts: 5, values: { b: true } }],
      [
        { timeUs: null, values: { a: 1 } },
        { timeUs: 5000, values: { b: true } },
      ],
    ],
    ['a property that is called ts', { ts: 7 }, [{ timeUs: null, values: { ts: 7 } }]],
  ])('is read as %s', (_, payload, expected) => {
    expect(readTelemetry(payload)).toEqual(expected);
  });

  test.each([
    [null],
    [7],
    ['x'],
    [[]],
    [[1]],
    [{ ts: 'now', values: { a: 1 } }],
    [{ ts: 1, values: 3 }],
    [{ ts: -1, values: {} }],
  ])('is refused as %j', (payload) => {
    expect(() => readTelemetry(payload)).toThrow(ZodError);
  });
});
