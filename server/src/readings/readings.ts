import {
  type LatestReading,
  type Point,
  qualityClass,
  qualityReason,
  type Reading,
  statusQuality,
  statusSimulated,
  type TenantId,
  type Thing,
} from '@luban/contracts';
import type { Edges } from '../edges/edges.ts';
import { countsFromUs, type StoredSample, type TelemetryReads } from '../telemetry/telemetry.ts';
import type { Things } from '../things/things.ts';
import { type PointNow, type ThingNow, thingState } from './thing-states.ts';

export type Readings = ReturnType<typeof createReadings>;

interface ReadingsOptions {
  history: TelemetryReads;
  things: Things;
  edges: Edges;
  nowMs: () => number;
}

/** Stored samples in the words of the API, and what follows from them: stale values, states of things. */
export function createReadings({ history, things, edges, nowMs }: ReadingsOptions) {
  function pointNow(point: Point, sample: StoredSample | undefined, device: PointNow['device']): PointNow {
    const lastMs = sample === undefined ? null : lastSignMs(sample);
    return {
      point,
      lastMs,
      bad: sample !== undefined && qualityClass(statusQuality(sample.status)) === 'bad',
      stale: isStale(point, lastMs, nowMs()),
      device,
    };
  }

  return {
    latest(tenantNumber: number, points: readonly Point[]): LatestReading[] {
      const samples = history.latest(
        tenantNumber,
        points.map(({ series }) => series),
      );
      return points.map((point) => {
        const sample = samples.get(point.series);
        return {
          series: point.series,
          reading: sample === undefined ? null : toReading(sample),
          stale: isStale(point, sample === undefined ? null : lastSignMs(sample), nowMs()),
        };
      });
    },
    stateOf(tenant: TenantId, thing: Thing): ThingNow {
      const points = things.pointsOf(tenant, thing.id);
      const samples = history.latest(
        things.tenantNumberOf(thing.id),
        points.map(({ series }) => series),
      );
      const reportOf = (point: Point) => (point.device === null ? null : edges.deviceReport(point.device));
      return thingState(points.map((point) => pointNow(point, samples.get(point.series), reportOf(point))));
    },
  };
}

/** A clock that is ahead must not keep a silent point fresh. */
function lastSignMs({ timeUs, arrivalUs }: StoredSample): number {
  return Math.floor(countsFromUs(timeUs, arrivalUs) / 1000);
}

/** Twice the longest normal silence has passed. */
export function isStale(point: Point, lastMs: number | null, nowMs: number): boolean {
  return lastMs !== null && point.maxIntervalMs !== null && nowMs - lastMs > 2 * point.maxIntervalMs;
}

export function toReading(sample: StoredSample): Reading {
  const quality = statusQuality(sample.status);
  return {
    time: sample.timeUs,
    arrival: sample.arrivalUs,
    value: sample.value,
    quality: qualityClass(quality),
    reason: qualityReason(quality),
    simulated: statusSimulated(sample.status),
  };
}
