import { describe, expect, test } from 'vitest';
import { formatBytes, formatCount, formatNumber, formatRate } from './format-number.ts';
import { formatClock, formatDuration, formatFull, formatMoment, fromFieldTime, toFieldTime } from './format-time.ts';

describe('numbers', () => {
  test('a value keeps the decimals that its point asks for', () => {
    expect(formatNumber(21.5, 2)).toBe('21.50');
    expect(formatNumber(1234.567, 1)).toBe('1,234.6');
  });
  test('without a wish, a value has as many decimals as its size deserves', () => {
    expect(formatNumber(3012.4, null)).toBe('3,012');
    expect(formatNumber(312.44, null)).toBe('312.4');
    expect(formatNumber(3.2461, null)).toBe('3.25');
    expect(formatNumber(0.01234, null)).toBe('0.0123');
    expect(formatNumber(42, null)).toBe('42');
    expect(formatNumber(0.0000123, null)).toBe('1.230e-5');
  });
  test('a negative number has a true minus, and nothing is minus zero', () => {
    expect(formatNumber(-3.5, 1)).toBe('−3.5');
    expect(formatNumber(-0.001, 1)).toBe('0.0');
  });
  test('counts are short in the way of the language', () => {
    expect(formatCount(9999, 'en')).toBe('9,999');
    expect(formatCount(123_456, 'zh')).toBe('12.3 万');
    expect(formatCount(123_456, 'en')).toBe('123 K');
    expect(formatCount(1_234_567_890, 'zh')).toBe('12.3 亿');
    expect(formatCount(1_234_567, 'en')).toBe('1.23 M');
  });
  test('a small rate is not nothing', () => {
    expect(formatRate(0.4, 'en')).toBe('0.4');
    expect(formatRate(0, 'en')).toBe('0');
  });
  test('bytes step by a thousand', () => {
    expect(formatBytes(999)).toBe('999 B');
    expect(formatBytes(1_234_000)).toBe('1.23 MB');
    expect(formatBytes(999_900)).toBe('1.00 MB');
  });
});

describe('times', () => {
  const noon = Date.UTC(2026, 10, 22, 12, 0, 5);
  test('a duration shows its two largest parts', () => {
    expect(formatDuration(8200, 'en')).toBe('8 s');
    expect(formatDuration(130_000, 'en')).toBe('2 min 10 s');
    expect(formatDuration(3 * 3600_000 + 5 * 60_000, 'zh')).toBe('3 小时 5 分');
    expect(formatDuration(-5, 'en')).toBe('0 s');
  });
  test("a time is shown in the plant's zone with its offset", () => {
    expect(formatClock(noon, 'Asia/Shanghai')).toBe('20:00:05');
    expect(formatFull(noon + 7, 'Asia/Shanghai')).toBe('2026-11-22 20:00:05.007 +08:00');
    expect(formatFull(noon, 'UTC')).toBe('2026-11-22 12:00:05 +00:00');
  });
  test('another day is named', () => {
    expect(formatMoment(noon, 'Asia/Shanghai', noon + 86_400_000)).toBe('11-22 20:00:05');
    expect(formatMoment(noon, 'Asia/Shanghai', noon + 1000)).toBe('20:00:05');
  });
  test('a field time comes back as it went in, across daylight saving too', () => {
    for (const zone of ['Asia/Shanghai', 'America/New_York', 'Asia/Kolkata', 'UTC']) {
      for (let day = 0; day < 366; day += 7) {
        const time = noon + day * 86_400_000;
        expect(fromFieldTime(toFieldTime(time, zone), zone)).toBe(time);
      }
    }
    expect(fromFieldTime('never', 'UTC')).toBeNull();
  });
});
