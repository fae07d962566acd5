import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { serveParent } from '../children.ts';
import type { Account } from './load-job.ts';
import { connectPacket } from './packets.ts';

/** Opens so many connections that say CONNECT and nothing more, or all anew. → Opened */
export interface ConnectionsJob {
  readonly port: number;
  readonly count: number;
  readonly account: Account;
  /** So many at a time; null: all at once. */
  readonly atATime: number | null;
}

export interface Opened {
  /** From the first SYN to the last CONNACK. */
  readonly ms: number;
  /** Tries that ended without a CONNACK and were repeated. */
  readonly refused: number;
}

let open: Socket[] = [];
const patienceMs = 60_000;

/** Whatever was open is dropped first, without DISCONNECT, as by a power failure of the switch. */
async function openAll({ port, count, account, atATime }: ConnectionsJob): Promise<Opened> {
  for (const socket of open) socket.destroy();
  open = [];
  const beganMs = performance.now();
  let refused = 0;
  let next = 0;
  const oneAfterAnother = async () => {
    while (next < count) {
      const id = `idle-${next++}`;
      for (;;) {
        const socket = await tryOnce(port, id, account);
        if (socket !== null) {
          open.push(socket);
          break;
        }
        refused++;
        if (performance.now() - beganMs > patienceMs) throw new Error(`${open.length} of ${count} are in after 60 s`);
        await setTimeout(200);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, atATime ?? count) }, oneAfterAnother));
  return { ms: performance.now() - beganMs, refused };
}

function tryOnce(port: number, clientId: string, { username, password }: Account): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: Socket | null) => {
      socket.removeAllListeners();
      socket.on('error', () => socket.destroy());
      if (answer === null) socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write(connectPacket(clientId, username, password)));
    socket.once('data', (bytes) => end(bytes[0] === 0x20 && bytes[3] === 0 ? socket : null));
    socket.once('error', () => end(null));
    socket.once('close', () => end(null));
  });
}

/** How many the other side has not closed. */
function alive(): number {
  return open.filter((socket) => !socket.destroyed && socket.readyState === 'open').length;
}

serveParent((message: { job?: ConnectionsJob }) => (message.job ? openAll(message.job) : alive()));
