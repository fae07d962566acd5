import { type Cause, type CollectedDevice, type Micros, qualityClass, type Sample } from '@luban/contracts';
import type { Reading, ReadingSink } from '../drivers/driver.ts';
import { edgeCause } from '../edge-errors.ts';
import { due, newPointState, refine } from './refine.ts';

export interface Pipeline {
  /** The driver's sink: readings → samples → `put`. */
  readonly sink: ReadingSink;
  /** Sends what time alone makes due; `alive` says whether the device answers. */
  tick(alive: boolean): void | Promise<void>;
  counts(): { good: number; bad: number };
  /** Series whose newest reading is bad. */
  badSeries(): CollectedDevice['points'][number]['series'][];
}

/** The way of one device's readings to the next step, `put`. A reading of a point that the device has not is left. */
export function createPipeline(options: {
  device: CollectedDevice;
  put(samples: readonly Sample[]): void | Promise<void>;
  event(severity: 'warning', cause: Cause): void;
  nowUs(): Micros;
}): Pipeline {
  const { device, put, event, nowUs } = options;
  const states = new Map(device.points.map((point) => [point.series, newPointState(point, device.simulated)]));
  const told = new Set<number>();

  function sink(readings: readonly Reading[]): void | Promise<void> {
    const now = nowUs();
    const samples: Sample[] = [];
    for (const reading of readings) {
      const state = states.get(reading.point.series);
      if (state === undefined) continue;
      const sample = refine(state, reading, now);
      if (sample !== null) samples.push(sample);
      if (state.fault !== null && !told.has(state.point.series)) {
        told.add(state.point.series); // once for each run of the device: the quality says the rest
        const { name, type } = state.point;
        event(
          'warning',
          edgeCause(state.fault, `${name}: ${typeof reading.value} for ${type}, time ${reading.timeUs} µs`),
        );
      }
    }
    if (samples.length > 0) return put(samples);
  }

  function tick(alive: boolean): void | Promise<void> {
    const now = nowUs();
    const samples: Sample[] = [];
    for (const state of states.values()) {
      const sample = due(state, now, alive);
      if (sample !== null) samples.push(sample);
    }
    if (samples.length > 0) return put(samples);
  }

  function badSeries() {
    const found = [];
    for (const { latest, point } of states.values())
      if (latest !== null && qualityClass(latest.quality) === 'bad') found.push(point.series);
    return found;
  }

  function counts() {
    let heard = 0;
    for (const { latest } of states.values()) if (latest !== null) heard++;
    const bad = badSeries().length;
    return { good: heard - bad, bad };
  }

  return { sink, tick, counts, badSeries };
}
