import { z } from 'zod';
import { modbusTcpAddress, modbusTcpSettings } from './device-protocols/modbus-tcp.ts';
import { opcUaAddress, opcUaSettings } from './device-protocols/opc-ua.ts';
import { idSchema } from './id.ts';
import { seriesSchema } from './sample.ts';
import { givenName } from './text.ts';
import { dataType, propertyKey } from './thing-model.ts';

/** How to reach a device, by protocol. A new protocol is one file in `device-protocols/` and one line in each union. */
export const deviceConnection = z.discriminatedUnion('protocol', [
  z.object({ protocol: z.literal('modbus-tcp'), settings: modbusTcpSettings }),
  z.object({ protocol: z.literal('opc-ua'), settings: opcUaSettings }),
]);
export type DeviceConnection = z.infer<typeof deviceConnection>;
export type Protocol = DeviceConnection['protocol'];

/** Where in the device a point is. */
export const deviceAddress = z.discriminatedUnion('protocol', [
  modbusTcpAddress.extend({ protocol: z.literal('modbus-tcp') }),
  opcUaAddress.extend({ protocol: z.literal('opc-ua') }),
]);
export type DeviceAddress = z.infer<typeof deviceAddress>;

/** What the edge does with a reading before it is a sample. */
export const refinement = z.object({
  /** value = reading × scale + offset (numbers only). */
  scale: z.number().default(1),
  offset: z.number().default(0),
  /** A number that moved less than this since the last sample sent is not sent. In the point's unit. */
  deadband: z.number().min(0).default(0),
  /** At most one sample in this time: the last one wins. 0: every reading. */
  minIntervalMs: z.int().min(0).max(86_400_000).default(0),
  /** At least one sample in this time even when nothing moved, so that silence means a fault. */
  maxIntervalMs: z.int().min(1000).max(86_400_000).default(60_000),
});
export type Refinement = z.infer<typeof refinement>;

/** A point as an edge collects it. */
export const collectedPoint = refinement.extend({
  series: seriesSchema,
  /** `CNC-01/spindle.speed`: for messages, never parsed. */
  name: z.string().max(200),
  type: dataType,
  /** Engineering range: outside it the quality is uncertain. */
  range: z.tuple([z.number(), z.number()]).nullable(),
  address: deviceAddress,
});
export type CollectedPoint = z.infer<typeof collectedPoint>;

/** A device as its edge gets it: one address, one protocol; its points may belong to several things. */
export const collectedDevice = z
  .object({
    id: idSchema('device'),
    name: givenName,
    simulated: z.boolean(),
    points: z.array(collectedPoint).max(20_000),
  })
  .and(deviceConnection);
export type CollectedDevice = z.infer<typeof collectedDevice>;

/** A device as the API shows and takes it. */
export const newDevice = z
  .object({
    name: givenName,
    edge: idSchema('edge'),
    enabled: z.boolean().default(true),
    simulated: z.boolean().default(false),
  })
  .and(deviceConnection);
export const device = z.object({ id: idSchema('device') }).and(newDevice);
export type Device = z.infer<typeof device>;

/** Binds a thing's property to an address in a device. */
export const newBinding = refinement.extend({
  thing: idSchema('thing'),
  property: propertyKey,
  address: deviceAddress,
});
export const binding = newBinding.extend({ device: idSchema('device'), series: seriesSchema });
export type Binding = z.infer<typeof binding>;
