import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qualityReason } from '@luban/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Recorded, record, until } from '../driver-conformance.ts';
import { modbusDevice } from './modbus-rig.ts';

/** Register n holds n. Reads only. */
function honestAnswer(request: Buffer): Buffer {
  const count = request.readUInt16BE(10);
  const pdu = Buffer.alloc(2 + count * 2);
  pdu[0] = request[7]!;
  pdu[1] = count * 2;
  for (let i = 0; i < count; i++) pdu.writeUInt16BE((request.readUInt16BE(8) + i) & 0xffff, 2 + i * 2);
  const header = Buffer.from(request.subarray(0, 7));
  header.writeUInt16BE(pdu.length + 1, 4);
  return Buffer.concat([header, pdu]);
}
const exception = (request: Buffer, code: number): Buffer => {
  const header = Buffer.from(request.subarray(0, 7));
  header.writeUInt16BE(3, 4);
  return Buffer.concat([header, Buffer.from([request[7]! | 0x80, code])]);
};
const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the Modbus TCP driver before a hostile device', { timeout: 30_000 }, () => {
  let server: Server;
  let port: number;
  let directory: string;
  let requests: Buffer[];
  let connections: number;
  let answer: (request: Buffer, socket: Socket) => void;
  const honest = (request: Buffer, socket: Socket) => void socket.write(honestAnswer(request));
  const running: Recorded[] = [];
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'luban-modbus-'));
    server = createServer((socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // The driver may reset what it no longer believes.
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => {
        for (let at = 0; at + 12 <= bytes.length; at += 12) {
          const request = bytes.subarray(at, at + 12);
          requests.push(request);
          answer(request, socket);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });
  beforeEach(() => {
    requests = [];
    connections = 0;
    answer = honest;
  });
  afterEach(async () => {
    for (const { driver } of running.splice(0)) await driver.stop();
    await until('every socket is closed', () => sockets.size === 0, 2000);
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (points: Record<string, object>, settings: object = {}): Promise<Recorded> => {
    const recorded = record(modbusDevice(port, points, { timeoutMs: 150, pollIntervalMs: 50, ...settings }), directory);
    running.push(recorded);
    await recorded.driver.start();
    return recorded;
  };
  const goodValues = ({ readings }: Recorded, name: string) =>
    readings.filter(({ point, quality }) => point.name === name && quality === 0).map(({ value }) => value);

  it.each<[string, (request: Buffer, socket: Socket) => void]>([
    [
      'a wrong transaction id',
      (r, s) => s.write(changed(honestAnswer(r), (b) => b.writeUInt16BE(b.readUInt16BE(0) ^ 1, 0))),
    ],
    [
      'the id of the request before',
      (r, s) => s.write(changed(honestAnswer(r), (b) => b.writeUInt16BE((b.readUInt16BE(0) - 1) & 0xffff, 0))),
    ],
    ['another unit', (r, s) => s.write(changed(honestAnswer(r), (b) => void b.writeUInt8(3, 6)))],
    ['another protocol id', (r, s) => s.write(changed(honestAnswer(r), (b) => b.writeUInt16BE(1, 2)))],
    ['another function', (r, s) => s.write(changed(honestAnswer(r), (b) => void b.writeUInt8(4, 7)))],
    [
      'a byte count that is too small',
      (r, s) => s.write(changed(honestAnswer(r), (b) => void b.writeUInt8(b[8]! - 2, 8))),
    ],
    ['fewer registers than asked', (r, s) => s.write(honestAnswer(changed(r, (b) => b.writeUInt16BE(1, 10))))],
    ['more registers than asked', (r, s) => s.write(honestAnswer(changed(r, (b) => b.writeUInt16BE(9, 10))))],
    ['a length of zero', (r, s) => s.write(changed(honestAnswer(r), (b) => b.writeUInt16BE(0, 4)))],
    ['a length of 65535', (r, s) => s.write(changed(honestAnswer(r), (b) => b.writeUInt16BE(65_535, 4)))],
    ['the same answer twice', (r, s) => s.write(Buffer.concat([honestAnswer(r), honestAnswer(r)]))],
    ['no Modbus at all', (_, s) => s.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('disconnects, and says why, when it answers with %s', async (_, lie) => {
    const recorded = await start({ a: { address: 100 }, b: { address: 102 } });
    await until('it is read', () => recorded.last('b')?.value === 102);
    answer = lie;
    await until('it is offline', () => recorded.statuses.at(-1)?.state === 'offline');
    expect(recorded.statuses.at(-1)?.cause?.code).toBe('device.protocol');
    expect(recorded.statuses.at(-1)?.cause?.detail).toBeTruthy();
    answer = honest;
    await until('it is read again', () => recorded.last('b')?.value === 102 && recorded.last('b')?.quality === 0);
    expect(new Set(goodValues(recorded, 'a'))).toEqual(new Set([100]));
    expect(new Set(goodValues(recorded, 'b'))).toEqual(new Set([102]));
  });

  it('never takes a late answer for the next one', async () => {
    let n = 0;
    // Every third answer comes after the timeout, and then carries values that are wrong by then.
    answer = (request, socket) => {
      if (++n % 3 > 0) return void honest(request, socket);
      const late = changed(honestAnswer(request), (bytes) => bytes.writeUInt16BE(9999, 9));
      setTimeout(() => socket.writable && socket.write(late), 200);
    };
    const recorded = await start({ a: { address: 7 } });
    await until('several were late', () => n > 12);
    expect(new Set(goodValues(recorded, 'a'))).toEqual(new Set([7]));
  });

  it('puts an answer together that comes byte by byte', async () => {
    answer = (request, socket) => {
      socket.setNoDelay();
      const bytes = honestAnswer(request);
      for (const [i, byte] of bytes.entries())
        setTimeout(() => socket.writable && socket.write(Buffer.from([byte])), i * 2);
    };
    const recorded = await start({ a: { address: 300 } });
    await until('it is read', () => recorded.last('a')?.value === 300);
  });

  it('tells a device that closes in mid-answer from one that is silent', async () => {
    answer = (request, socket) => void socket.end(honestAnswer(request).subarray(0, 9));
    const recorded = await start({ a: { address: 1 } });
    await until('it is offline', () => recorded.statuses.at(-1)?.state === 'offline');
    expect(recorded.statuses.at(-1)?.cause?.text.en).toMatch(/in the middle of an answer/);
  });

  it('pauses longer and longer between attempts, and does not flood a device that is down', async () => {
    answer = (_, socket) => void socket.destroy();
    await start({ a: { address: 1 } });
    await wait(1500);
    // Pauses of 125–250, 250–500, 500–1000 ms …: at most 5 attempts begin in 1.5 s.
    expect(connections).toBeGreaterThanOrEqual(2);
    expect(connections).toBeLessThanOrEqual(5);
  });

  it('isolates the addresses that a device refuses, and asks for them no more in every round', async () => {
    const hole = (request: Buffer) => {
      const from = request.readUInt16BE(8);
      const to = from + request.readUInt16BE(10);
      return [13, 17].some((bad) => from <= bad && bad < to);
    };
    answer = (request, socket) => (hole(request) ? void socket.write(exception(request, 2)) : honest(request, socket));
    const points = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`r${10 + i}`, { address: 10 + i }]));
    const recorded = await start(points);
    await until('all points are told', () => Object.keys(points).every((name) => recorded.last(name)));
    for (const name of Object.keys(points)) {
      const bad = name === 'r13' || name === 'r17';
      expect([name, qualityReason(recorded.last(name)!.quality)]).toEqual([name, bad ? 'configuration' : 'good']);
    }
    const before = requests.length;
    await wait(300);
    expect(requests.slice(before).some(hole)).toBe(false);
    expect(recorded.statuses.at(-1)?.cause?.text.en).toBe('2 of 10 points cannot be read');
  });

  it('keeps its rounds on their beat, and says so when a round takes longer than its interval', async () => {
    const delay = (ms: number) => (request: Buffer, socket: Socket) =>
      void setTimeout(() => socket.writable && socket.write(honestAnswer(request)), ms);
    answer = delay(30);
    const recorded = await start({ a: { address: 1 } }, { pollIntervalMs: 100, timeoutMs: 500 });
    // With drift, every round would come 100 + 30 ms after the one before; a busy machine makes some late, not all.
    const onBeat = () => {
      const times = recorded.readings.slice(-11).map(({ timeUs }) => timeUs / 1000);
      const steps = times.slice(1).map((time, i) => time - times[i]!);
      return steps.filter((step) => step > 50 && Math.abs(step - 100 * Math.round(step / 100)) < 15).length;
    };
    await until('most of ten rounds are on the beat', () => onBeat() >= 7);
    answer = delay(150);
    await until('it is degraded', () => recorded.statuses.at(-1)?.cause?.code === 'modbus.poll-overrun');
    answer = delay(5);
    await until('it is online again', () => recorded.statuses.at(-1)?.state === 'online');
  });

  it('gives all readings of a round in one batch with one time', async () => {
    const batches: number[][] = [];
    const device = modbusDevice(port, { a: { address: 1 }, b: { address: 900 } }, { pollIntervalMs: 50 });
    const recorded = record(device, directory, (readings) => {
      batches.push(readings.map(({ timeUs }) => timeUs));
    });
    running.push(recorded);
    await recorded.driver.start();
    await until('three rounds', () => batches.length >= 3);
    for (const times of batches) expect([times.length, new Set(times).size]).toEqual([2, 1]);
  });
});
