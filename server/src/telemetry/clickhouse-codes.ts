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
  [32, 'telemetry.damaged'], // a file ends too early
  [33, 'telemetry.damaged'], // a file is too short
  [40, 'telemetry.damaged'], // a checksum does not match
  [226, 'telemetry.damaged'], // a part lacks a file
  [228, 'telemetry.damaged'], // a file of a part has the wrong size
  [246, 'telemetry.damaged'], // corrupted data
  [271, 'telemetry.damaged'], // a block cannot be decompressed
  [432, 'telemetry.damaged'], // a block says that it is packed in a way that there is not
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
