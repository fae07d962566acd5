import { type AddressInfo, createServer, type Socket } from 'node:net';
import { serveParent } from '../children.ts';

/** What the device has answered since it was started. */
export interface Served {
  readonly registers: number;
  readonly atMs: number;
}

/** A Modbus/TCP device with every unit and 65,536 holding registers, which change at each read. */
let registers = 0;
let turn = 0;

function answer(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (; rest.length >= 12; rest = rest.subarray(12)) {
      if (rest[7] !== 3) throw new Error(`function ${rest[7]}: this device only reads holding registers`);
      const count = rest.readUInt16BE(10);
      const frame = Buffer.allocUnsafe(9 + 2 * count);
      rest.copy(frame, 0, 0, 8);
      frame.writeUInt16BE(3 + 2 * count, 4);
      frame[8] = 2 * count;
      turn = (turn + 1) & 0x7fff;
      for (let i = 0; i < count; i++) frame.writeUInt16BE((turn + i) & 0xffff, 9 + 2 * i);
      socket.write(frame);
      registers += count;
    }
  });
}

function listen(): Promise<number> {
  const server = createServer(answer);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

serveParent(({ ask }: { ask: 'listen' | 'served' }) =>
  ask === 'listen' ? listen() : ({ registers, atMs: performance.timeOrigin + performance.now() } satisfies Served),
);
