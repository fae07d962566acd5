import { createHash } from 'node:crypto';
import { type Property, propertyKey } from '@luban/contracts';
import { dataTypes } from './data-types.ts';
import { unitOf } from './engineering-units.ts';
import { pointType, propertyOf } from './metric-value.ts';
import type { Metric, Template } from './sparkplug-payload.ts';

/** What a birth certificate tells of itself, not of the machine. */
const control = /^(bdSeq$|Node Control\/|Device Control\/)/;

/** Metrics that become points: no controls, no template definitions, nothing of a type that nobody knows. */
export function isPoint({ name, datatype, object, kind, transient }: Metric): boolean {
  if (name === null || name === '' || name.length > 300 || control.test(name) || transient) return false;
  if (kind === 'template' && (object as Template).isDefinition) return false;
  return pointType(datatype) !== null;
}

/** The property of a metric that is born; `taken` are the keys that its model has already. */
export function bornProperty(metric: Metric, taken: ReadonlySet<string>): Property {
  const name = metric.name!;
  const type = pointType(metric.datatype)!;
  const unit = propertyOf(metric, 'engUnit') ?? propertyOf(metric, 'Engineering Units') ?? propertyOf(metric, 'unit');
  const low = propertyOf(metric, 'engLow');
  const high = propertyOf(metric, 'engHigh');
  const ranged = type === 'number' && typeof low === 'number' && typeof high === 'number' && low < high;
  return {
    key: freeKey(name, taken),
    name: { zh: name, en: name },
    type,
    unit: type === 'number' && typeof unit === 'string' ? unitOf(unit) : null,
    range: ranged ? [low, high] : null,
    decimals: wholeTypes.has(metric.datatype) ? 0 : null,
    source: name,
  };
}

const wholeTypes = new Set<number>([
  dataTypes.Int8,
  dataTypes.Int16,
  dataTypes.Int32,
  dataTypes.Int64,
  dataTypes.UInt8,
  dataTypes.UInt16,
  dataTypes.UInt32,
  dataTypes.UInt64,
]);

/** `Motor 1/Speed (rpm)` → `Motor_1.Speed_rpm`; with a piece of its hash where that is taken or nothing is left. */
function freeKey(name: string, taken: ReadonlySet<string>): string {
  const parts = name.split('/').map((part) => part.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, ''));
  const joined = parts.filter((part) => part !== '').join('.');
  const plain = (/^[A-Za-z]/.test(joined) ? joined : `m${joined === '' ? '' : '_'}${joined}`)
    .slice(0, 70)
    .replace(/\.$/, '');
  if (joined !== '' && propertyKey.safeParse(plain).success && !taken.has(plain)) return plain;
  const hashed = `${propertyKey.safeParse(plain).success ? plain : 'm'}_${shortHash(name)}`;
  for (let i = 1; ; i++) {
    const key = i === 1 ? hashed : `${hashed}${i}`;
    if (!taken.has(key)) return key;
  }
}

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}

/** `Plant 1`, `Line 2`, `Press` → a key for the thing, with a piece of their hash: two plants may spell alike. */
export function thingKeyOf(source: string, names: readonly string[]): string {
  const plain = names.map((name) => name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[-_]+|-+$/g, '')).filter(Boolean);
  return `${plain.join('.').slice(0, 52).replace(/[.-]$/, '') || 'thing'}.${shortHash(source)}`;
}

/** The key of the model that a discovered thing gets for itself. */
export function modelKeyOf(source: string): string {
  return `sparkplug-${createHash('sha256').update(source).digest('hex').slice(0, 16)}`;
}
