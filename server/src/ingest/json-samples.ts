import {
  type JsonSamples,
  kindOf,
  type Point,
  type QualityReason,
  qualityCode,
  type Sample,
  type SampleValue,
} from '@luban/contracts';
import { Refusal } from '../platform/errors.ts';
import type { KeyedPoints } from '../things/things.ts';

/**
 * JSON samples → samples of the thing's points. Throws Refusal `samples.invalid` that points at each wrong value:
 * an unknown property, a value of the wrong type.
 */
export function readJsonSamples(given: JsonSamples, points: KeyedPoints, nowUs: number): Sample[] {
  const many = 'samples' in given;
  const errors: { pointer: string; message: string }[] = [];
  const samples: Sample[] = [];
  (many ? given.samples : [given]).forEach(({ time, values, quality, simulated }, i) => {
    const timeUs = time === undefined ? nowUs : microseconds(time);
    const code = qualityCode(quality as QualityReason);
    for (const key of Object.keys(values)) {
      const value = values[key]!;
      const point = points.get(key);
      const wrong =
        point === undefined ? `the thing has no property ${shown(key)}` : wrongValue(point, value as SampleValue, code);
      if (wrong !== undefined)
        errors.push({ pointer: `${many ? `/samples/${i}` : ''}/values/${shown(key)}`, message: wrong });
      else samples.push({ series: point!.series, time: timeUs, value: value as SampleValue, quality: code, simulated });
    }
  });
  if (samples.length === 0 && errors.length === 0)
    errors.push({ pointer: '/values', message: 'must have at least one value' });
  if (errors.length > 0)
    throw new Refusal(
      'samples.invalid',
      errors
        .slice(0, 5)
        .map(({ pointer, message }) => `${pointer}: ${message}`)
        .join('; '),
      errors.slice(0, 100),
    );
  return samples;
}

/** A stranger's key, cut to what fits an answer. */
function shown(key: string): string {
  return key.length > 80 ? `${key.slice(0, 80)}…` : key;
}

function wrongValue(point: Point, value: SampleValue, quality: number): string | undefined {
  const kind = kindOf(value);
  if (kind === 'none') return quality >= 0x80 ? undefined : 'null needs a bad quality';
  if (point.type === 'json' || kind === point.type) return undefined;
  return `must be a ${point.type}, not a ${kind}`;
}

/** ISO 8601 with up to six decimals of a second → µs. Date keeps three of them. */
export function microseconds(iso: string): number {
  const { length } = iso;
  // 2026-11-22T10:00:00.123456Z, as nearly all write it, without a pattern and without texts in between.
  if (iso.charCodeAt(length - 1) === letterZ && (length === 20 || iso.charCodeAt(19) === point)) {
    const second = Date.UTC(
      at(iso, 0, 4),
      at(iso, 5, 7) - 1,
      at(iso, 8, 10),
      at(iso, 11, 13),
      at(iso, 14, 16),
      at(iso, 17, 19),
    );
    const decimals = Math.min(length - 1, 26);
    let micros = decimals > 20 ? at(iso, 20, decimals) : 0;
    for (let i = Math.max(decimals, 20); i < 26; i++) micros *= 10;
    return second * 1000 + micros;
  }
  const digits = /\.(\d+)/.exec(iso)?.[1] ?? '';
  const millisecond = Date.parse(iso.replace(/\.\d+/, ''));
  return millisecond * 1000 + Number(digits.padEnd(6, '0').slice(0, 6));
}

const letterZ = 0x5a;
const point = 0x2e;
const zero = 0x30;

/** The number that the digits of `text` from `start` up to `end` write. */
function at(text: string, start: number, end: number): number {
  let number = 0;
  for (let i = start; i < end; i++) number = number * 10 + text.charCodeAt(i) - zero;
  return number;
}
