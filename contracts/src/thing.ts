import { z } from 'zod';
import { idSchema } from './id.ts';
import { seriesSchema } from './sample.ts';
import { givenName } from './text.ts';
import { property, propertyKey } from './thing-model.ts';

/** How much a thing's values can be trusted now. `offline`: nothing fresh comes; `unknown`: never heard of. */
export const thingState = z.enum(['online', 'degraded', 'offline', 'unknown']);
export type ThingState = z.infer<typeof thingState>;

export const thing = z.object({
  id: idSchema('thing'),
  /** The owner's own name for it in addresses and files, unique in a tenant: CNC-01. */
  key: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/)
    .max(60),
  name: givenName,
  model: idSchema('model'),
  site: idSchema('site').nullable(),
  /** The edge that sends what no device of an edge is read for; null: the thing sends by itself. */
  edge: idSchema('edge').nullable(),
  /** Where it was discovered: `spBv1.0/Plant 1/Line 2/Press`. Null: a person made it. */
  source: z.string().nullable(),
  createdAt: z.iso.datetime(),
});
export type Thing = z.infer<typeof thing>;
export const newThing = thing.omit({ id: true, createdAt: true, edge: true, source: true });
export const thingChange = newThing.omit({ model: true }).partial();

/** One data series: a property of a thing, with where its samples come from. */
export const point = property.extend({
  series: seriesSchema,
  thing: idSchema('thing'),
  key: propertyKey,
  /** The device that an edge reads it from; null when the thing sends by itself. */
  device: idSchema('device').nullable(),
  /** The longest silence that is still normal; twice this and the value is stale. Null: not known, never stale. */
  maxIntervalMs: z.int().positive().nullable(),
});
export type Point = z.infer<typeof point>;

/**
 * A key with which a thing sends its own samples (MQTT password, HTTP bearer). The secret is shown once. With a
 * `login` it is the device secret of another cloud: it never travels, the device signs its MQTT password with it.
 */
export const thingKey = z.object({
  id: idSchema('key'),
  thing: idSchema('thing'),
  name: givenName,
  createdAt: z.iso.datetime(),
  prefix: z.string(),
  /** The MQTT user name of a signed login; null: the key itself is sent. */
  login: z.string().nullable(),
});
export type ThingKey = z.infer<typeof thingKey>;
export const newThingKey = z.object({
  name: givenName,
  signed: z
    .object({
      /** What the device gives as MQTT user name: `<device name>&<product key>`, or a device id. */
      login: z
        .string()
        .min(1)
        .max(200)
        .regex(/^[^\s#+/]+$/, 'no blanks, #, + or /'),
      /** The secret that is in the device already; left out, a new one is made. */
      secret: z.string().min(8).max(128).optional(),
    })
    .optional(),
});
export const issuedThingKey = thingKey.extend({ secret: z.string() });
