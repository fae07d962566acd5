import {
  deviceAddress,
  deviceConnection,
  localText,
  newThingModel,
  propertyKey,
  refinement,
  siteLevel,
} from '@luban/contracts';
import { z } from 'zod';

const key = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/)
  .max(60);

/** An industry pack: thing models, places, devices and things as data. Its parts name each other by key. */
export const pack = z.object({
  key,
  name: localText,
  models: z.array(newThingModel),
  /** Parents stand before their children. */
  sites: z.array(z.object({ key, parent: key.nullable(), level: siteLevel, name: localText })),
  devices: z.array(z.object({ key, name: localText, simulated: z.boolean() }).and(deviceConnection)),
  things: z.array(
    z.object({
      key,
      name: localText,
      model: key,
      site: key,
      bindings: z.array(refinement.extend({ device: key, property: propertyKey, address: deviceAddress })),
    }),
  ),
});
export type Pack = z.infer<typeof pack>;
