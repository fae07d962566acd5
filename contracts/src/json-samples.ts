import { z } from 'zod';
import { qualityReasons } from './quality.ts';
import type { Json } from './sample.ts';

/**
 * Samples as JSON, for devices that speak for themselves (HTTP and MQTT):
 * `{"values":{"temperature":21.5}}`, or with `"time"`, or many in `"samples"`.
 * The thing is the one that the key belongs to; a user names it.
 */
// The parser made JSON of it already, and each key is looked up among the thing's properties: walking every value once
// more here would cost more than all the rest of the request.
const values = z.record(z.string(), z.unknown()) as unknown as z.ZodType<Record<string, Json>, Record<string, Json>>;
/** ISO 8601 with an offset or Z, to the microsecond; left out: the time of arrival. */
const time = z.iso.datetime({ offset: true }).optional();
const jsonSample = z.object({
  time,
  values,
  quality: z.enum(qualityReasons as [string, ...string[]]).default('good'),
  simulated: z.boolean().default(false),
});

export const jsonSamples = z.union([
  jsonSample.extend({ thing: z.string().max(80).optional() }).strict(),
  z.object({ thing: z.string().max(80).optional(), samples: z.array(jsonSample.strict()).min(1).max(10_000) }).strict(),
]);
export type JsonSamples = z.infer<typeof jsonSamples>;
export const samplesAccepted = z.object({ accepted: z.int() });
