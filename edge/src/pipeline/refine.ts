import {
  type CollectedPoint,
  isQualityCode,
  type Micros,
  qualityCode,
  type Sample,
  type SampleValue,
} from '@luban/contracts';
import type { Reading } from '../drivers/driver.ts';

const bad = qualityCode('bad');
const uncertain = qualityCode('uncertain');
const good = qualityCode('good');
const outOfRange = qualityCode('outOfRange');
const notANumber = qualityCode('notANumber');
const wrongPoint = qualityCode('configuration');
/** The platform takes nothing from before 2000 (a clock that was never set) or more than a day ahead. */
const leastMicros = 946_684_800_000_000;
const maxAheadUs = 24 * 3_600_000_000;
/** A longer text is not a measurement; it would make one sample as heavy as ten thousand. */
const maxTextLength = 65_536;

/** What is remembered of one point between its readings. */
export interface PointState {
  readonly point: CollectedPoint;
  readonly simulated: boolean;
  /** The newest reading as a sample, sent or not. */
  latest: Sample | null;
  sent: Sample | null;
  /** When `sent` was sent, by the edge's clock; sample times are the device's. */
  sentAtUs: Micros;
  /** A sample that waits for the end of minIntervalMs. */
  held: Sample | null;
  /** Why the newest reading could not be used as it came; null when it could. */
  fault: 'point.type' | 'point.too-long' | 'point.clock' | null;
}

export function newPointState(point: CollectedPoint, simulated: boolean): PointState {
  return { point, simulated, latest: null, sent: null, sentAtUs: 0, held: null, fault: null };
}

/**
 * One reading → the sample to send now, or null. The hot path of the edge.
 * A change of quality always passes; a value passes when it moved by the deadband, at most every minIntervalMs (the
 * last one wins) and at least every maxIntervalMs.
 */
export function refine(state: PointState, reading: Reading, nowUs: Micros): Sample | null {
  const sample = toSample(state, reading, nowUs);
  state.latest = sample;
  const { sent, point } = state;
  if (sent !== null && sample.quality === sent.quality) {
    const sinceUs = sample.time - sent.time;
    const moved = hasMoved(sample.value, sent.value, point.deadband);
    // A negative time is a clock that was set back: what was sent before says nothing about now.
    if (sinceUs === 0 && (!moved || sample.value === sent.value)) return null;
    if (sinceUs > 0 && sinceUs < point.maxIntervalMs * 1000) {
      if (!moved) {
        state.held = null;
        return null;
      }
      if (sinceUs < point.minIntervalMs * 1000) {
        state.held = sample;
        return null;
      }
    }
  }
  return send(state, sample, nowUs);
}

/**
 * What time alone makes due: a held sample with its own time, or, while the device is `alive`, the newest value again
 * with the current time. A device that does not answer gets no such sign of life.
 */
export function due(state: PointState, nowUs: Micros, alive: boolean): Sample | null {
  const { sent, held, latest, point } = state;
  if (sent === null || latest === null) return null;
  const waitedUs = nowUs - state.sentAtUs;
  if (waitedUs < 0) {
    state.sentAtUs = nowUs; // the edge's clock was set back
    return null;
  }
  if (held !== null && waitedUs >= point.minIntervalMs * 1000) return send(state, held, nowUs);
  if (alive && waitedUs >= point.maxIntervalMs * 1000) return send(state, { ...latest, time: nowUs }, nowUs);
  return null;
}

function send(state: PointState, sample: Sample, nowUs: Micros): Sample {
  state.sent = sample;
  state.sentAtUs = nowUs;
  state.held = null;
  return sample;
}

/** The reading scaled and judged. Never a value that the wire cannot carry. */
function toSample(state: PointState, reading: Reading, nowUs: Micros): Sample {
  const { point } = state;
  let value = reading.value;
  let quality = isQualityCode(reading.quality) ? (reading.quality as number) : unknownQuality(reading.quality);
  state.fault = null;
  if (value === null) {
    if (quality < bad) quality = bad;
  } else if (!isOfType(point.type, value)) {
    value = null;
    quality = wrongPoint;
    state.fault = 'point.type';
  } else if (typeof value === 'number') {
    const scaled: number = value * point.scale + point.offset;
    if (!Number.isFinite(scaled)) {
      value = null;
      quality = notANumber;
    } else {
      value = scaled;
      const { range } = point;
      if (quality < uncertain && range !== null && (scaled < range[0] || scaled > range[1])) quality = outOfRange;
    }
  } else if (typeof value !== 'boolean' && textLength(value) > maxTextLength) {
    value = null;
    quality = wrongPoint;
    state.fault = 'point.too-long';
  }
  let time = Math.round(reading.timeUs);
  if (!(time >= leastMicros && time <= nowUs + maxAheadUs)) {
    time = nowUs;
    if (quality < uncertain) quality = uncertain;
    state.fault ??= 'point.clock';
  }
  return { series: point.series, time, value, quality, simulated: state.simulated };
}

/** A code from a newer driver or a broken one keeps its class. */
function unknownQuality(code: number): number {
  if (!(code >= 0 && code <= 0xff)) return bad;
  return code < uncertain ? good : code < bad ? uncertain : bad;
}

function isOfType(type: CollectedPoint['type'], value: SampleValue): boolean {
  switch (type) {
    case 'number':
    case 'boolean':
    case 'string':
      return typeof value === type;
    case 'json':
      return true;
  }
}

function textLength(value: SampleValue): number {
  return typeof value === 'string' ? value.length : (JSON.stringify(value)?.length ?? 0);
}

function hasMoved(value: SampleValue, before: SampleValue, deadband: number): boolean {
  if (typeof value === 'number' && typeof before === 'number') return Math.abs(value - before) >= deadband;
  if (typeof value !== 'object' || value === null || before === null) return value !== before;
  return JSON.stringify(value) !== JSON.stringify(before);
}
