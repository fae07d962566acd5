import type { Json } from '@luban/contracts';
import { z } from 'zod';
import type { KeyedValues } from '../dialect.ts';

/** ms since 1970 UTC. */
const time = z.int().min(0).max(4_102_444_800_000);
const entry = z.object({ value: z.json(), time: time.optional() });
const record = z.record(z.string(), z.unknown());
const envelope = z.object({
  id: z.union([z.string().max(64), z.int()]).optional(),
  sys: z.object({ ack: z.literal([0, 1]).optional() }).optional(),
  params: z.unknown(),
});
const lists = z.object({ properties: z.record(z.string(), z.array(entry).max(10_000)).default({}) });
const history = z
  .array(z.object({ properties: z.array(z.record(z.string(), entry)).max(10_000).default([]) }))
  .max(1000);

export interface LinkKitMessage {
  /** Repeated in the answer. */
  readonly id: string;
  /** False when the device wants no answer. */
  readonly acknowledge: boolean;
  readonly params: unknown;
}

/** What every message stands in. Throws ZodError for anything else. */
export function readEnvelope(payload: unknown): LinkKitMessage {
  const { id = '', sys, params } = envelope.parse(payload);
  return { id: String(id), acknowledge: sys?.ack !== 0, params };
}

/** `property/post`: `{k:{value,time}}` or `{k:v}`, mixed as it comes. */
export function readPost(params: unknown): KeyedValues[] {
  return Object.entries(record.parse(params)).map(([key, given]) => {
    const timed = entry.strict().safeParse(given);
    return timed.success ? one(key, timed.data) : { timeUs: null, values: { [key]: given as Json } };
  });
}

/** `property/batch/post`: `{properties:{k:[{value,time}, …]}}`. */
export function readBatchPost(params: unknown): KeyedValues[] {
  return Object.entries(lists.parse(params).properties).flatMap(([key, entries]) =>
    entries.map((each) => one(key, each)),
  );
}

/** `property/history/post`: `[{properties:[{k:{value,time}}, …]}]`. */
export function readHistoryPost(params: unknown): KeyedValues[] {
  return history
    .parse(params)
    .flatMap(({ properties }) =>
      properties.flatMap((each) => Object.entries(each).map(([key, given]) => one(key, given))),
    );
}

function one(key: string, { value, time: at }: z.infer<typeof entry>): KeyedValues {
  // `[key]` makes an own property of any text, `__proto__` too.
  return { timeUs: at === undefined ? null : at * 1000, values: { [key]: value as Json } };
}
