import type { CollectedDevice, Protocol } from '@luban/contracts';
import type { Driver, DriverHost, DriverKind } from './driver.ts';
import { modbusTcp } from './modbus/modbus-driver.ts';

/** The drivers of the edge: one line each. */
const kinds: { [P in Protocol]?: DriverKind<P> } = {
  'modbus-tcp': modbusTcp,
};

/** The driver of a device. Throws for a protocol that this edge does not have. */
export function createDriver(device: CollectedDevice, host: DriverHost): Driver {
  // The list pairs each protocol with its own kind; TypeScript cannot follow that through a computed key.
  const kind = kinds[device.protocol] as { create(device: CollectedDevice, host: DriverHost): Driver } | undefined;
  if (kind === undefined) throw new TypeError(`no driver for ${device.protocol}`);
  return kind.create(device, host);
}
