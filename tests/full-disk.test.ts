import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcknowledgedSet } from './fixtures/acknowledged-set.ts';
import { addThing } from './fixtures/plant-records.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { createRefusableSamples } from './fixtures/refusable-samples.ts';
import { until } from './fixtures/until.ts';

/** Only root may mount the small disk that this test fills. */
const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const set = new AcknowledgedSet();
let disk: string;
let platform: Platform;
let samples: ReturnType<typeof createRefusableSamples>;

beforeAll(async () => {
  if (!isRoot) return;
  disk = await mkdtemp(join(tmpdir(), 'luban-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
  platform = await createPlatform(join(disk, 'data'));
  await platform.start();
  await platform.api.setUp();
  const thing = await addThing(platform.api, 'SENDER-1');
  samples = createRefusableSamples(platform, thing, set);
});
afterAll(async () => {
  if (!isRoot) return;
  await platform?.remove();
  // chDB's process follows its parent a moment later.
  await until(() => execFileSync('umount', [disk], { stdio: 'pipe' }).length === 0, 'the disk is unmounted');
  await rmdir(disk);
});

/** Writes zeros until the disk is full. */
async function fill(): Promise<string> {
  const path = join(disk, 'ballast');
  const stream = createWriteStream(path);
  const zeros = Buffer.alloc(65_536);
  const full = new Promise<NodeJS.ErrnoException>((resolve) => stream.once('error', resolve));
  for (let i = 0; i < 2048 && !stream.errored; i++) {
    if (!stream.write(zeros))
      await Promise.race([full, new Promise<void>((resolve) => stream.once('drain', () => resolve()))]);
  }
  expect((await full).code).toBe('ENOSPC');
  return path;
}

const flow = () => platform.api.get('/api/v1/flow');

test.skipIf(!isRoot)(
  'on a full disk nothing is acknowledged and the flow says why; with room again all goes on and nothing is lost',
  async () => {
    for (let i = 0; i < 20; i++) expect(await samples.send(500)).toBe(true);

    const ballast = await fill();
    // What the log has left in its open page may still take a little.
    await until(async () => !(await samples.send(500)), 'the full disk refuses');
    const { ingest, log } = await flow();
    expect(ingest.state).toBe('broken');
    expect(log).toMatchObject({ state: 'broken', cause: { text: { zh: expect.stringMatching(/磁盘/) } } });
    const notReady = await platform.api.request('GET', '/health/ready');
    expect(notReady.status).toBe(503);
    expect(notReady.body.parts.find((part: { name: string }) => part.name === 'log')).toMatchObject({
      ready: false,
      cause: { code: 'log.not-writable' },
    });
    expect(`${log.cause.code} ${log.cause.detail}`).toMatch(/ENOSPC|space|full/i);
    for (let i = 0; i < 10; i++) {
      expect(await samples.send(500), 'as long as the disk is full').toBe(false);
      await setTimeout(100);
    }
    await expect(samples.publish(), 'by MQTT neither').rejects.toMatchObject({ code: 0x83 });
    expect(await set.compare(platform.api), 'what was acknowledged can be read while the disk is full').toEqual([]);

    await rm(ballast);
    await until(
      async () => (await platform.api.request('GET', '/health/ready')).status === 200,
      'it is ready again before anybody has sent',
    );
    await until(() => samples.send(500), 'samples are acknowledged again', 30_000, 200);
    for (let i = 0; i < 20; i++) expect(await samples.send(500)).toBe(true);
    await samples.publish();
    await until(async () => (await flow()).log.state === 'ok', 'the log says that it is well');
    await until(
      async () => {
        const { log, storage } = await flow();
        return log.backlogRecords === 0 && storage.state === 'ok';
      },
      'the store has caught up',
      60_000,
    );
    expect(await set.compare(platform.api)).toEqual([]);

    await platform.kill();
    await platform.start();
    expect(await set.compare(platform.api), 'after a kill and a restart').toEqual([]);
    expect(await samples.send(500)).toBe(true);
    expect(platform.output()).not.toMatch(/damage|quarantine|corrupt/i);
  },
  180_000,
);

test.skipIf(!isRoot)(
  'killed while the disk is full, it starts again once there is room and has everything',
  async () => {
    const ballast = await fill();
    await until(async () => !(await samples.send(500)), 'the full disk refuses');
    await platform.kill();
    await rm(ballast);
    await platform.start();
    expect(await samples.send(500)).toBe(true);
    await until(async () => (await flow()).log.backlogRecords === 0, 'the store has caught up');
    expect(await set.compare(platform.api)).toEqual([]);
  },
  120_000,
);
