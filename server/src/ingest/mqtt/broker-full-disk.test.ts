import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lubanBroker } from './conformance/brokers.ts';
import { attempt, connected, endClients, freshTopic, persistent, texts } from './conformance/test-client.ts';

/** Only root may mount the small disk that this test fills. */
const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
let disk: string;
let broker: ReturnType<typeof lubanBroker>;

beforeAll(async () => {
  if (!isRoot) return;
  disk = await mkdtemp(join(tmpdir(), 'luban-broker-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  broker = lubanBroker({ directory: join(disk, 'mqtt') });
  await broker.start();
});
afterAll(async () => {
  if (!isRoot) return;
  await endClients();
  await broker.remove();
  execFileSync('umount', [disk]);
  await rmdir(disk);
});

/** Takes what is left of the disk. */
function fill(): void {
  const file = openSync(join(disk, 'filler'), 'w');
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(file);
  }
}

test.runIf(isRoot)(
  'on a full disk what must be kept is refused, the rest goes on, and nothing acknowledged is lost',
  async () => {
    const topic = freshTopic();
    const away = await persistent(broker, 5, { clientId: 'away' });
    await away.subscribe(`${topic}/kept`);
    await away.disconnect();
    const writer = await connected(broker, 5);
    const reader = await connected(broker, 5);
    await reader.subscribe(`${topic}/#`);
    const acknowledged: string[] = [];
    const publish = async (payload: string) => {
      const code = await writer.publish(`${topic}/kept`, payload.padEnd(2000), { qos: 2 });
      if (code < 0x80) acknowledged.push(payload);
      return code;
    };
    for (let i = 0; i < 20; i++) expect(await publish(`${i}`)).toBe(0);
    fill();
    let code = 0;
    for (let i = 20; i < 100 && code < 0x80; i++) code = await publish(`${i}`);
    expect(code).toBe(0x97);
    expect(await writer.publish(`${topic}/r`, 'x', { qos: 1, retain: true })).toBe(0x97);
    expect(
      (await attempt(broker, 5, { clientId: 'new', properties: { sessionExpiryInterval: 9 } })).connack.reasonCode,
    ).toBe(0x88);
    expect(broker.door().stats().storeHealthy).toBe(false);
    // Needs no disk.
    expect(await writer.publish(`${topic}/live`, 'live', { qos: 1 })).toBe(0);
    expect(texts(await reader.settle()).filter((text) => text === 'live')).toEqual(['live']);
    const late = await connected(broker, 5);
    await late.subscribe(`${topic}/r`);
    expect(await late.settle()).toEqual([]);

    rmSync(join(disk, 'filler'));
    expect(await publish('after')).toBe(0);
    await endClients();
    await broker.stop();
    await broker.start();
    const back = await persistent(broker, 5, { clientId: 'away' });
    const got = await back.got(acknowledged.length);
    expect(texts(got).map((text) => text.trim())).toEqual(acknowledged);
    expect(await back.settle()).toHaveLength(acknowledged.length);
  },
);
