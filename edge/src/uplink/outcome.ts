/**
 * What became of a message.
 * - `acknowledged`: the platform has it.
 * - `refused`: it will never take it as it is (malformed, not allowed): set it aside.
 * - `later`: it can not now (busy, quota): send it again after a while.
 * - `cut`: the connection ended first; nobody knows.
 */
export type Outcome = { kind: 'acknowledged' | 'cut' } | Refusal | { kind: 'later'; reason: string };

export interface Refusal {
  kind: 'refused';
  reasonCode: number;
  reason: string;
}

/** MQTT 5 reason codes after which the same message would fail for ever. */
const permanent = new Set([
  0x87, // not authorised
  0x90, // topic name invalid
  0x95, // packet too large
  0x99, // payload format invalid
]);

/** What MQTT.js's publish says → the outcome. `answer` is the packet of the platform, which may hold its own words. */
export function publishOutcome(error: unknown, answer?: unknown): Outcome {
  if (error === null || error === undefined) return { kind: 'acknowledged' };
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'number' || code < 0x80) return { kind: 'cut' };
  const said = (answer as { properties?: { reasonString?: string } } | undefined)?.properties?.reasonString;
  const reason = said ?? (error instanceof Error ? error.message : String(error));
  return permanent.has(code) ? { kind: 'refused', reasonCode: code, reason } : { kind: 'later', reason };
}
