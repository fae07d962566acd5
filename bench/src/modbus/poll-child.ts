import { connect, type Socket } from 'node:net';
import { serveParent } from '../children.ts';

export interface PollJob {
  readonly port: number;
  readonly units: number;
  readonly registers: number;
  readonly ms: number;
}

const mostRegisters = 125;

/** The wire alone: the same reads as an edge's, one after another on a connection for each unit. → registers/s */
async function poll({ port, units, registers, ms }: PollJob): Promise<number> {
  const sockets: Socket[] = [];
  for (let unit = 1; unit <= units; unit++) {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    sockets.push(socket);
  }
  const beganMs = performance.now();
  const counts = await Promise.all(sockets.map((socket, i) => ask(socket, i + 1, registers, beganMs + ms)));
  const tookMs = performance.now() - beganMs;
  for (const socket of sockets) socket.destroy();
  return (counts.reduce((sum, count) => sum + count, 0) * 1000) / tookMs;
}

function ask(socket: Socket, unit: number, registers: number, untilMs: number): Promise<number> {
  let total = 0;
  let address = 0;
  let missing = 0;
  return new Promise((resolve, reject) => {
    const next = () => {
      const count = Math.min(mostRegisters, registers - address);
      const request = Buffer.alloc(12);
      request.writeUInt16BE(6, 4);
      request[6] = unit;
      request[7] = 3;
      request.writeUInt16BE(address, 8);
      request.writeUInt16BE(count, 10);
      missing = 9 + 2 * count;
      total += count;
      address = (address + count) % registers;
      socket.write(request);
    };
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      missing -= bytes.length;
      if (missing > 0) return;
      if (performance.now() < untilMs) next();
      else resolve(total);
    });
    next();
  });
}

serveParent(poll);
