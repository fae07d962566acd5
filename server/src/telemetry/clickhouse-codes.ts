import type { TelemetryFaultCode } from './telemetry-fault.ts';

const codes = new Map<number, TelemetryFaultCode>([
  [158, 'telemetry.too-much'], // too many rows
  [159, 'telemetry.too-much'], // time limit
  [160, 'telemetry.too-much'], // too slow
  [241, 'telemetry.too-much'], // memory limit
  [307, 'telemetry.too-much'], // too many bytes
  [396, 'telemetry.too-much'], // too many result rows
  [202, 'telemetry.busy'], // too many queries at once
  [252, 'telemetry.busy'], // too many parts: merges are behind
  // Of a cluster: this server, its keeper or its replicas are not what they should be at this moment.
  [209, 'telemetry.unavailable'], // a shard does not answer in time
  [210, 'telemetry.unavailable'], // network
  [236, 'telemetry.unavailable'], // aborted: it shuts down
  [242, 'telemetry.unavailable'], // the replica is read-only without its keeper
  [279, 'telemetry.unavailable'], // no replica of a shard answers
  [285, 'telemetry.unavailable'], // too few replicas for the quorum
  [286, 'telemetry.unavailable'], // the quorum before is not complete
  [319, 'telemetry.unavailable'], // nobody knows whether the insert happened
  [999, 'telemetry.unavailable'], // keeper
]);

/** What a code of ClickHouse means to us: everything unknown is a refusal. */
export function faultCodeOf(code: number): TelemetryFaultCode {
  return codes.get(code) ?? 'telemetry.refused';
}
