import type { Json } from '@luban/contracts';
import { z } from 'zod';
import type { KeyedValues } from '../dialect.ts';

const values = z.record(z.string(), z.unknown()) as unknown as z.ZodType<Record<string, Json>, Record<string, Json>>;
/** ms since 1970 UTC. */
const timed = z.object({ ts: z.int().min(0).max(4_102_444_800_000), values });
const many = z.array(z.unknown()).min(1).max(10_000);

/** `{k:v}`, `{ts,values}`, or an array of them. Throws ZodError for anything else. */
export function readTelemetry(payload: unknown): KeyedValues[] {
  return Array.isArray(payload) ? many.parse(payload).map(readOne) : [readOne(payload)];
}

function readOne(payload: unknown): KeyedValues {
  const given = values.parse(payload);
  // A device may have a property that is called ts: only the pair of both makes the timed form.
  if (!('ts' in given && 'values' in given)) return { timeUs: null, values: given };
  const { ts, values: of } = timed.parse(given);
  return { timeUs: ts * 1000, values: of };
}

const devices = z.record(z.string(), z.unknown());

/** `{"Device A":[{ts,values}, …], …}`; `ts` may be left out. */
export function readGatewayTelemetry(payload: unknown): Map<string, KeyedValues[]> {
  return new Map(
    Object.entries(devices.parse(payload)).map(([name, given]) => [name, many.parse(given).map(readGiven)]),
  );
}

/** `{"Device A":{k:v}, …}` */
export function readGatewayAttributes(payload: unknown): Map<string, KeyedValues[]> {
  return new Map(
    Object.entries(devices.parse(payload)).map(([name, given]) => [
      name,
      [{ timeUs: null, values: values.parse(given) }],
    ]),
  );
}

function readGiven(payload: unknown): KeyedValues {
  const { ts, values: of } = timed.partial({ ts: true }).parse(payload);
  return { timeUs: ts === undefined ? null : ts * 1000, values: of };
}
