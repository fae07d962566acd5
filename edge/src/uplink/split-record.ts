import { batchSample, type DeviceId, decodeBatch, encodeBatch, type Sample, toBatch } from '@luban/contracts';
import { type OutboxRecord, timeSpan } from '../outbox/outbox-record.ts';

/**
 * A refused record in smaller ones, so that what is wrong with one point does not cost the others: one for each device,
 * then halves of a device's points. One point is not split; the result is then the record alone.
 */
export function splitRecord(record: OutboxRecord): OutboxRecord[] {
  const samples = samplesOf(record);
  if (record.devices.length > 1) return [...samples].map(([device, of]) => part(record, [[device, of]]));
  const series = [...seriesOf(record)];
  if (series.length < 2) return [record];
  const left = new Set(series.slice(0, series.length >> 1));
  const [entry] = samples;
  const [device, of] = entry!;
  return [
    part(record, [[device, of.filter((sample) => left.has(sample.series))]]),
    part(record, [[device, of.filter((sample) => !left.has(sample.series))]]),
  ];
}

/** The record without the samples of `series`, and those samples; null where there are none. */
export function withoutSeries(
  record: OutboxRecord,
  series: ReadonlySet<number>,
): { rest: OutboxRecord | null; apart: OutboxRecord | null } {
  if (series.size === 0 || ![...seriesOf(record)].some((one) => series.has(one))) return { rest: record, apart: null };
  const samples = [...samplesOf(record)];
  const take = (wanted: boolean) => {
    const groups = samples
      .map(([device, of]): [DeviceId, Sample[]] => [
        device,
        of.filter((sample) => series.has(sample.series) === wanted),
      ])
      .filter(([, of]) => of.length > 0);
    return groups.length > 0 ? part(record, groups) : null;
  };
  return { rest: take(false), apart: take(true) };
}

export function seriesOf(record: OutboxRecord): Set<number> {
  return new Set(decodeBatch(record.batch).series);
}

function samplesOf(record: OutboxRecord): Map<DeviceId, Sample[]> {
  const batch = decodeBatch(record.batch);
  let at = 0;
  return new Map(
    record.devices.map(([device, count]) => {
      const from = at;
      at += count;
      return [device, Array.from({ length: count }, (_, i) => batchSample(batch, from + i))];
    }),
  );
}

function part(record: OutboxRecord, groups: [DeviceId, Sample[]][]): OutboxRecord {
  const samples = groups.flatMap(([, of]) => of);
  const devices = groups.map(([device, of]): [DeviceId, number] => [device, of.length]);
  const batch = encodeBatch(toBatch(samples));
  return { ...record, ...timeSpan(samples), samples: samples.length, devices, batch };
}
