import type { Socket } from 'node:net';
import { serveParent } from '../children.ts';
import type { LoadDone, LoadJob, LoadPrepared, Packets } from './load-job.ts';
import { encodePackets } from './packets.ts';
import { openConnections, sendAll } from './send.ts';

/** The generator's process: `{ job }` encodes and connects, `{ go: true }` sends. */
let job: LoadJob;
let packets: Packets[] = [];
let sockets: Socket[] = [];

async function prepare(next: LoadJob): Promise<LoadPrepared> {
  job = next;
  const encoded = encodePackets(job);
  packets = encoded.packets;
  sockets = await openConnections(job);
  return encoded.prepared;
}

async function go(): Promise<LoadDone> {
  const before = process.cpuUsage();
  const startedMs = performance.timeOrigin + performance.now();
  const sent = await Promise.all(sockets.map((socket, c) => sendAll(socket, packets[c]!, job)));
  const endedMs = performance.timeOrigin + performance.now();
  const { user, system } = process.cpuUsage(before);
  for (const socket of sockets) socket.destroy();
  packets = [];
  return { startedMs, endedMs, sent: sent.reduce((sum, each) => sum + each, 0), cpuUs: user + system };
}

serveParent((message: { job?: LoadJob }) => (message.job ? prepare(message.job) : go()));
