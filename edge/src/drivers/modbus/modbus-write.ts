import type { Cause, CollectedPoint, SampleValue } from '@luban/contracts';
import { DeviceFault } from '../device-fault.ts';
import { writeRefused, writeUnfit } from './modbus-causes.ts';
import type { ModbusConnection } from './modbus-connection.ts';
import { encodePoint } from './modbus-decode.ts';
import { readRequest, writeCoilRequest, writeRegistersRequest } from './modbus-frame.ts';

/** Writes one raw value. Throws a DeviceFault when it does not fit or the device does not confirm it. */
export async function writePoint(connection: ModbusConnection, point: CollectedPoint, value: SampleValue) {
  const address = point.address;
  const unfit = () => new DeviceFault(writeUnfit(point.name), 'configuration');
  if (address.protocol !== 'modbus-tcp') throw unfit();
  switch (address.area) {
    case 'discrete':
    case 'input':
      throw unfit();
    case 'coil': {
      const on = truth(value);
      if (on === null) throw unfit();
      return confirm(point, await connection.request(writeCoilRequest(address.address, on)));
    }
    case 'holding': {
      if (address.encoding !== 'bit') {
        const data = encodePoint(address, value);
        if (data === null) throw unfit();
        return confirm(point, await connection.request(writeRegistersRequest(address.address, data)));
      }
      const on = truth(value);
      if (on === null) throw unfit();
      const mask = 1 << (address.bit ?? 0);
      // Few devices have function 22 (mask write), so: read, change, write, with no other request of ours in between.
      return connection.alone(async (request) => {
        const before = await request(readRequest('holding', address.address, 1));
        if (!before.ok) return confirm(point, before);
        const word = before.data.readUInt16BE(0);
        const data = Buffer.alloc(2);
        data.writeUInt16BE(on ? word | mask : word & ~mask & 0xffff);
        confirm(point, await request(writeRegistersRequest(address.address, data)));
      });
    }
  }
}

function truth(value: SampleValue): boolean | null {
  if (typeof value === 'boolean') return value;
  return value === 1 ? true : value === 0 ? false : null;
}

function confirm(point: CollectedPoint, answer: { ok: true } | { ok: false; exception: number }): void {
  if (answer.ok) return;
  const cause: Cause = writeRefused(point.name, answer.exception);
  throw new DeviceFault(cause, 'deviceError');
}
