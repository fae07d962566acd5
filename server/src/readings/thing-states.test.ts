import { type Cause, type DeviceReport, type Point, toId, toSeries } from '@luban/contracts';
import { describe, expect, test } from 'vitest';
import { isStale } from './readings.ts';
import { type PointNow, thingState } from './thing-states.ts';

const point: Point = {
  series: toSeries(1),
  key: 'a',
  type: 'number',
  thing: toId('thing', 'thing:01jqz7k3w0a1b2c3d4e5'),
  name: { zh: '甲', en: 'a' },
  unit: null,
  range: null,
  decimals: null,
  source: null,
  device: toId('device', 'device:01jqz7k3w0a1b2c3d4e5'),
  maxIntervalMs: 10_000,
};
const refused: Cause = { code: 'device.refused', text: { zh: '拒绝连接', en: 'refused' } };
const report = (cause: Cause | null): DeviceReport => ({
  id: point.device!,
  state: cause === null ? 'online' : 'offline',
  sinceMs: 500,
  cause,
  samplesPerSecond: 0,
  pointsGood: 0,
  pointsBad: 0,
  lastSampleMs: null,
});
const now = (change: Partial<PointNow> = {}): PointNow => ({
  point,
  lastMs: 1000,
  bad: false,
  stale: false,
  device: report(null),
  ...change,
});

describe('a thing', () => {
  test('is unknown until something comes', () => {
    expect(thingState([now({ lastMs: null })]).state).toBe('unknown');
    expect(thingState([]).state).toBe('unknown');
  });
  test('is online while every point that ever came is fresh and not bad', () => {
    expect(thingState([now(), now({ lastMs: null })])).toEqual({ state: 'online', sinceMs: null, cause: null });
  });
  test('is degraded when some points are wrong, offline when all are', () => {
    expect(thingState([now(), now({ bad: true })]).state).toBe('degraded');
    expect(thingState([now({ stale: true }), now({ bad: true })]).state).toBe('offline');
  });
  test('says what its device says, and since when', () => {
    expect(thingState([now({ bad: true, device: report(refused) })])).toEqual({
      state: 'offline',
      sinceMs: 500,
      cause: refused,
    });
  });
  test('says that its edge is away when nobody reports of its device', () => {
    expect(thingState([now({ stale: true, device: null })])).toMatchObject({
      state: 'offline',
      sinceMs: 1000,
      cause: { code: 'edge.away' },
    });
  });
});

test('a value is stale after twice its longest normal silence, and never when that is not known', () => {
  expect(isStale(point, 0, 20_000)).toBe(false);
  expect(isStale(point, 0, 20_001)).toBe(true);
  expect(isStale({ ...point, maxIntervalMs: null }, 0, 1e12)).toBe(false);
  expect(isStale(point, null, 1e12)).toBe(false);
});
