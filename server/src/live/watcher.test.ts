import { qualityCode, toBatch, toSeries } from '@luban/contracts';
import { describe, expect, test } from 'vitest';
import { Watcher } from './watcher.ts';

function record(tenant: number, ...samples: [series: number, time: number, value: number][]) {
  return recordAt(1000, tenant, ...samples);
}
function recordAt(arrivalUs: number, tenant: number, ...samples: [series: number, time: number, value: number][]) {
  const batch = toBatch(
    samples.map(([series, time, value]) => ({
      series: toSeries(series),
      time,
      value,
      quality: qualityCode('good'),
      simulated: false,
    })),
  );
  return { position: 0, tenant, arrivalUs, batch };
}
function taken(watcher: Watcher) {
  const message = watcher.take();
  return message?.type === 'readings'
    ? message.readings.map(({ series, reading }) => [series, reading.time, reading.value])
    : [];
}

describe('a watcher', () => {
  test('is shown what comes after a sample whose clock was ahead', () => {
    const watcher = new Watcher(1);
    watcher.watch(new Set([1]));
    watcher.note(recordAt(1000, 1, [1, 5000, 1]));
    watcher.note(recordAt(1100, 1, [1, 1099, 2]));
    expect(taken(watcher)).toEqual([[1, 1099, 2]]);
  });

  test('gets the newest of each series that it asked for, once', () => {
    const watcher = new Watcher(1);
    watcher.watch(new Set([1, 2]));
    watcher.note(record(1, [1, 10, 1], [1, 20, 2], [2, 10, 3], [3, 10, 4]));
    watcher.note(record(1, [1, 15, 5]));
    expect(taken(watcher)).toEqual([
      [1, 20, 2],
      [2, 10, 3],
    ]);
    expect(watcher.take()).toBeNull();
  });
  test('gets nothing of another tenant, even under the same series', () => {
    const watcher = new Watcher(1);
    watcher.watch(new Set([1]));
    watcher.note(record(2, [1, 10, 1]));
    expect(watcher.take()).toBeNull();
  });
  test('forgets what it no longer asks for', () => {
    const watcher = new Watcher(1);
    watcher.watch(new Set([1, 2]));
    watcher.note(record(1, [1, 10, 1], [2, 10, 2]));
    watcher.watch(new Set([2]));
    expect(taken(watcher)).toEqual([[2, 10, 2]]);
  });
});
