import type { CollectedDevice, Protocol } from '@luban/contracts';
import type { Driver, DriverHost, DriverKind } from './driver.ts';
import { modbusTcp } from './modbus/modbus-driver.ts';
import { opcUa } from './opcua/opcua-driver.ts';

/** The drivers of the edge: one line each. */
const kinds: { readonly [P in Protocol]: DriverKind<P> } = {
  'modbus-tcp': modbusTcp,
  'opc-ua': opcUa,
};

/** The driver of a device. */
export function createDriver(device: CollectedDevice, host: DriverHost): Driver {
  // The list pairs each protocol with its own kind; TypeScript cannot follow that through a computed key.
  const kind = kinds[device.protocol] as { create(device: CollectedDevice, host: DriverHost): Driver };
  return kind.create(device, host);
}
