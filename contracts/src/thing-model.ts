import { z } from 'zod';
import { idSchema } from './id.ts';
import { localText } from './text.ts';
import { unit } from './unit.ts';

export const dataType = z.enum(['number', 'boolean', 'string', 'json']);
export type DataType = z.infer<typeof dataType>;

/** A property's key within its model: `spindle.speed`. */
export const propertyKey = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/,
    'letters, digits and _, parts joined by dots, for example spindle.speed',
  )
  .max(80)
  .refine(
    (key) => !key.split('.').some((part) => part === '__proto__' || part === 'constructor' || part === 'prototype'),
    {
      message: 'is a reserved word',
    },
  );

export const property = z.object({
  key: propertyKey,
  name: localText,
  type: dataType,
  unit: unit.nullable(),
  range: z.tuple([z.number(), z.number()]).nullable(),
  /** How many decimals a screen shows; null lets the screen choose. */
  decimals: z.int().min(0).max(9).nullable().default(null),
  /** What the device calls it, where that is not the key: `Motor 1/Speed`. */
  source: z.string().min(1).max(300).nullable().default(null),
});
export type Property = z.infer<typeof property>;

const parameter = z.object({ key: propertyKey, name: localText, type: dataType, unit: unit.nullable() });
export const service = z.object({
  key: propertyKey,
  name: localText,
  input: z.array(parameter),
  output: z.array(parameter),
});
export const modelEvent = z.object({
  key: propertyKey,
  name: localText,
  severity: z.enum(['info', 'warning', 'fault']),
  data: z.array(parameter),
});

/** What things of a kind have in common: properties, services (W3C WoT: actions) and events. */
export const thingModel = z.object({
  id: idSchema('model'),
  key: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .max(60),
  name: localText,
  properties: z.array(property).max(2000),
  services: z.array(service).max(200).default([]),
  events: z.array(modelEvent).max(200).default([]),
});
export type ThingModel = z.infer<typeof thingModel>;
export const newThingModel = thingModel.omit({ id: true }).superRefine((model, context) => {
  const seen = new Set<string>();
  model.properties.forEach(({ key }, i) => {
    if (seen.has(key))
      context.addIssue({ code: 'custom', path: ['properties', i, 'key'], message: `the key ${key} is used twice` });
    seen.add(key);
  });
});
