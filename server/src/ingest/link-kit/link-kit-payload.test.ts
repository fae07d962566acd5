import { describe, expect, test } from 'vitest';
import { ZodError } from 'zod';
import { readBatchPost, readEnvelope, readHistoryPost, readPost } from './link-kit-payload.ts';

const timeMs = 1_524_448_722_000;

describe('a property post', () => {
  test('has values with or without their time, mixed', () => {
    const params = {
      Power: { value: 'on', time: timeMs },
      WF: { value: 23.6 },
      plain: 5,
      shape: { value: 1, unit: 'mm' },
    };
    expect(readPost(params)).toEqual([
      { timeUs: timeMs * 1000, values: { Power: 'on' } },
      { timeUs: null, values: { WF: 23.6 } },
      { timeUs: null, values: { plain: 5 } },
      { timeUs: null, values: { shape: { value: 1, unit: 'mm' } } },
    ]);
  });

  test('of many times comes as lists', () => {
    const given = {
      properties: {
        a: [
          { value: 1, time: timeMs },
          { value: 2, time: timeMs + 1 },
        ],
      },
      events: {},
    };
    expect(readBatchPost(given)).toEqual([
      { timeUs: timeMs * 1000, values: { a: 1 } },
      { timeUs: (timeMs + 1) * 1000, values: { a: 2 } },
    ]);
  });

  test('of the past names the device again', () => {
    const given = [
      { identity: { productKey: 'p', deviceName: 'd' }, properties: [{ a: { value: 1, time: timeMs } }], events: [] },
    ];
    expect(readHistoryPost(given)).toEqual([{ timeUs: timeMs * 1000, values: { a: 1 } }]);
  });

  test('of another shape is refused', () => {
    for (const bad of [null, 3, []]) expect(() => readPost(bad)).toThrow(ZodError);
    for (const bad of [null, { properties: { a: 1 } }, { properties: { a: [1] } }])
      expect(() => readBatchPost(bad)).toThrow(ZodError);
    for (const bad of [{}, [{ properties: [{ a: 1 }] }]]) expect(() => readHistoryPost(bad)).toThrow(ZodError);
  });
});

test('an envelope says its id, and whether the device wants an answer', () => {
  expect(readEnvelope({ id: 12, version: '1.0', params: {} })).toEqual({ id: '12', acknowledge: true, params: {} });
  expect(readEnvelope({ id: 'x', sys: { ack: 0 }, params: 1 })).toEqual({ id: 'x', acknowledge: false, params: 1 });
  expect(() => readEnvelope([])).toThrow(ZodError);
  expect(() => readEnvelope({ id: {} })).toThrow(ZodError);
});
