import {
  type JsonSamples,
  kindOf,
  type LocalText,
  type Point,
  type QualityReason,
  qualityCode,
  type Sample,
  type SampleValue,
} from '@luban/contracts';
import { Refusal } from '../platform/errors.ts';
import type { KeyedPoints } from '../things/things.ts';
import type { RefusedValue } from './refused-values.ts';
import { noSuchProperty, shown, wrongKind } from './value-refusals.ts';

/** A whole message is refused for the values that no property takes: these, of so many samples. */
export class SamplesRefused extends Refusal {
  readonly refused: readonly RefusedValue[];
  readonly samples: number;
  constructor(errors: readonly { pointer: string; message: string }[], refused: readonly RefusedValue[], samples = 0) {
    const detail = errors.slice(0, 5).map(({ pointer, message }) => `${pointer}: ${message}`);
    super('samples.invalid', detail.join('; '), errors.slice(0, 100));
    this.refused = refused;
    this.samples = samples;
  }
}

/**
 * JSON samples → samples of the thing's points. Throws SamplesRefused that points at each wrong value: an unknown
 * property, a value of the wrong type.
 */
export function readJsonSamples(given: JsonSamples, points: KeyedPoints, nowUs: number): Sample[] {
  const many = 'samples' in given;
  const errors: { pointer: string; message: string }[] = [];
  const refused: RefusedValue[] = [];
  const samples: Sample[] = [];
  (many ? given.samples : [given]).forEach(({ time, values, quality, simulated }, i) => {
    const timeUs = time === undefined ? nowUs : microseconds(time);
    const code = qualityCode(quality as QualityReason);
    for (const key of Object.keys(values)) {
      const value = values[key]! as SampleValue;
      const point = points.get(key);
      const wrong = point === undefined ? noSuchProperty : wrongValue(point, value, code);
      if (wrong === undefined) samples.push({ series: point!.series, time: timeUs, value, quality: code, simulated });
      else {
        const message = point === undefined ? `the thing has no property ${shown(key)}` : wrong.en;
        errors.push({ pointer: `${many ? `/samples/${i}` : ''}/values/${shown(key)}`, message });
        refused.push({ key: shown(key), reason: wrong });
      }
    }
  });
  if (samples.length === 0 && errors.length === 0)
    errors.push({ pointer: '/values', message: 'must have at least one value' });
  if (errors.length > 0) throw new SamplesRefused(errors, refused, samples.length + refused.length);
  return samples;
}

function wrongValue(point: Pick<Point, 'type'>, value: SampleValue, quality: number): LocalText | undefined {
  const kind = kindOf(value);
  if (kind === 'none') return quality >= 0x80 ? undefined : nullNotBad;
  if (point.type === 'json' || kind === point.type) return undefined;
  return wrongKind(point, value);
}

const nullNotBad: LocalText = { zh: '空值须带坏质量', en: 'null needs a bad quality' };

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
