import { dataTypes } from './data-types.ts';
import { encodePayload } from './encode-payload.ts';
import { emptyMetric } from './sparkplug-payload.ts';
import { namespace } from './sparkplug-topic.ts';

/** Asks an edge node to say again what it is. */
export function rebirthCommand(group: string, node: string, nowMs: number): { topic: string; payload: Buffer } {
  const metric = {
    ...emptyMetric(),
    name: 'Node Control/Rebirth',
    timestamp: nowMs,
    datatype: dataTypes.Boolean,
    kind: 'boolean' as const,
    number: 1,
  };
  return {
    topic: `${namespace}/${group}/NCMD/${node}`,
    payload: encodePayload({ timestamp: nowMs, seq: -1, metrics: [metric] }),
  };
}
