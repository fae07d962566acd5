import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createUpgrades } from '../platform/http/upgrades.ts';
import { createLive } from './live.ts';

let http: Server;
let live: ReturnType<typeof createLive>;
let letIn: () => void;
const uncaught: unknown[] = [];
const note = (error: unknown) => uncaught.push(error);

beforeEach(async () => {
  uncaught.length = 0;
  process.on('uncaughtException', note);
  const asked = new Promise<void>((resolve) => {
    letIn = resolve;
  });
  live = createLive({
    authenticate: async () => {
      await asked;
      return null;
    },
    mayWatch: () => true,
    flowOf: () => expect.unreachable(),
    edgesOf: () => [],
    nowMs: Date.now,
    lines: () => undefined,
  });
  http = createServer();
  const upgrades = createUpgrades(() => undefined);
  upgrades.serve(http);
  live.start(upgrades);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  live.stop();
  process.off('uncaughtException', note);
  await new Promise((resolve) => http.close(resolve));
});

async function open(target: string): Promise<Socket> {
  const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
  return socket;
}
const answerOf = (socket: Socket) =>
  new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));

test('an address that is none is answered, and does not end the process', async () => {
  const socket = await open('//');
  expect(await Promise.race([answerOf(socket), setTimeout(30_000, 'nothing')])).toContain('404');
  socket.destroy();
  expect(uncaught).toEqual([]);
});

test('a client that resets its connection while it is being authenticated does not end the process', async () => {
  const socket = await open('/api/v1/live');
  await setTimeout(50);
  socket.resetAndDestroy();
  await setTimeout(50);
  letIn();
  await setTimeout(50);
  expect(uncaught).toEqual([]);
});

test('a client that is refused and never closes its side does not keep its socket', async () => {
  const socket = connect({ port: (http.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write('GET /other HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  expect(await answerOf(socket)).toContain('404');
  const open = () => new Promise<number>((resolve) => http.getConnections((_, count) => resolve(count)));
  await expect.poll(open).toBe(0);
  socket.destroy();
});
