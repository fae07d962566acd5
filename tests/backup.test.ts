import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch, toBatch, topics, toSeries } from '@luban/contracts';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcknowledgedSet } from './fixtures/acknowledged-set.ts';
import { createApiClient } from './fixtures/api-client.ts';
import { runCommand } from './fixtures/command.ts';
import { addThing, type MadeThing } from './fixtures/plant-records.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { until } from './fixtures/until.ts';

const startUs = Date.now() * 1000;
let folder: string;
let platform: Platform;
let byMqtt: MadeThing;
let byHttp: MadeThing;
/** Everything sent; acknowledged only what was so before the backup began. */
const set = new AcknowledgedSet();
let backupBegan = false;
let number = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luban-backup-'));
  platform = await createPlatform(join(folder, 'data'));
  await platform.start();
  await platform.api.setUp();
  byMqtt = await addThing(platform.api, 'MQTT-1', 2);
  byHttp = await addThing(platform.api, 'HTTP-1', 1);
});
afterAll(async () => {
  await platform.remove();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const command = (name: 'backup' | 'restore', ...args: string[]) =>
  runCommand(`server/src/backup/${name}-command.ts`, args);

async function sendByMqtt(stop: AbortSignal): Promise<void> {
  const credentials = { username: byMqtt.id, password: byMqtt.key };
  const client = await mqtt.connectAsync(platform.mqttUrl, { reconnectPeriod: 0, ...credentials });
  client.on('error', () => undefined); // the platform is killed while it sends
  const gone = new Promise((resolve) => client.once('close', () => resolve(false)));
  while (!stop.aborted && client.connected) {
    const samples = Array.from({ length: 40 }, () => ({
      series: toSeries(byMqtt.series[number % 2]!),
      time: startUs + number * 100,
      value: number++ / 8,
      quality: 0,
      simulated: false,
    }));
    for (const { series, time, value } of samples) set.sent(series, time, value);
    const sending = client.publishAsync(topics.batch, Buffer.from(encodeBatch(toBatch(samples))), { qos: 1 });
    if ((await Promise.race([sending, gone])) === false) break;
    if (!backupBegan) for (const { series, time, value } of samples) set.acknowledged(series, time, value);
  }
  await client.endAsync(true);
}

async function sendByHttp(stop: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${byHttp.key}` };
  const device = createApiClient(platform.url);
  for (let n = 0; !stop.aborted; n++) {
    const timeUs = startUs + n * 1000;
    set.sent(byHttp.series[0]!, timeUs, n);
    const body = { time: new Date(timeUs / 1000).toISOString(), values: { p0: n } };
    const { status } = await device.request('POST', '/api/v1/samples', { body, headers });
    if (status === 200 && !backupBegan) set.acknowledged(byHttp.series[0]!, timeUs, n);
  }
}

/** Starts a platform on restored data and compares what it has; then once more after a kill. */
async function rehearse(data: string): Promise<void> {
  const restored = await createPlatform(data);
  try {
    await restored.start();
    await restored.api.post('/api/v1/sessions', { email: 'owner@example.com', password: 'correct horse battery' });
    expect(await set.compare(restored.api), 'at once').toEqual([]);
    await until(async () => (await restored.api.get('/api/v1/flow')).log.backlogRecords === 0, 'all is stored');
    expect(await set.compare(restored.api), 'from the store').toEqual([]);
    expect(restored.output()).not.toMatch(/fault|damage|quarantine|torn/i);
    await restored.kill();
    await restored.start();
    expect(await set.compare(restored.api), 'after a kill').toEqual([]);
    const headers = { authorization: `Bearer ${byHttp.key}` };
    const sent = await restored.api.request('POST', '/api/v1/samples', { headers, body: { values: { p0: -1 } } });
    expect(sent.status, 'the keys are as they were').toBe(200);
  } finally {
    await restored.remove();
  }
}

test('a backup made while samples pour in holds all that was acknowledged before it began, once and in order', async () => {
  const stop = new AbortController();
  const sending = Promise.allSettled([sendByMqtt(stop.signal), sendByHttp(stop.signal)]);
  // The store has inserted some blocks, and the log holds what it has not.
  await until(
    async () => set.count().acknowledged > 1000 && (await platform.api.get('/api/v1/flow')).storage.samples > 500,
    'samples are stored',
  );
  backupBegan = true;
  const { acknowledged } = set.count();
  const to = join(folder, 'backup');
  const made = await command('backup', '--to', to, '--data', platform.dataDirectory);
  expect(made.said).toMatch(/备份完成[\s\S]*The backup is done/);
  expect(made.code).toBe(0);
  expect(made.said, 'progress').toMatch(/100 %/);
  await until(() => set.count().sent > acknowledged + 300, 'samples came during and after the backup');
  await platform.kill();
  stop.abort();
  await sending;
  expect(readdirSync(platform.dataDirectory), 'what was held still for it is let go').not.toContain('backup-staging');

  const data = join(folder, 'restored');
  const restored = await command('restore', '--from', to, '--data', data);
  expect(restored.said).toMatch(/Restored the backup/);
  for (const name of ['records.sqlite', 'seal.key']) expect(statSync(join(data, name)).mode & 0o777, name).toBe(0o600);
  await rehearse(data);
}, 120_000);

test('a platform that was killed is backed up as it lies there', async () => {
  const to = join(folder, 'stopped-backup');
  const made = await command('backup', '--to', to, '--data', platform.dataDirectory);
  expect(made.said).toMatch(/The backup is done/);
  const data = join(folder, 'stopped-restored');
  expect((await command('restore', '--from', to, '--data', data)).code).toBe(0);
  await rehearse(data);
}, 120_000);

test('a backup that was damaged or changed is not restored, and a target that holds something is left alone', async () => {
  const good = join(folder, 'backup');
  const { files } = JSON.parse(readFileSync(join(good, 'manifest.json'), 'utf8')) as { files: { path: string }[] };
  const segment = files.find(({ path }) => path.endsWith('.seg'))!.path;
  const damages: [string, (copy: string) => Promise<void> | void][] = [
    ['changed', (copy) => flipByte(join(copy, 'data', segment))],
    ['missing', (copy) => rm(join(copy, 'data', segment))],
    ['longer', (copy) => appendFile(join(copy, 'data', segment), 'x')],
    ['put there', (copy) => writeFileSync(join(copy, 'data', 'stranger'), 'x')],
    ['a link out', (copy) => symlinkSync('/etc', join(copy, 'data', 'etc'))],
    ['without a manifest', (copy) => rm(join(copy, 'manifest.json'))],
  ];
  for (const [name, damage] of damages) {
    const copy = join(folder, `bad ${name}`);
    await cp(good, copy, { recursive: true, verbatimSymlinks: true });
    await damage(copy);
    const target = join(folder, `of bad ${name}`);
    const { code, said } = await command('restore', '--from', copy, '--data', target);
    expect([name, code]).toEqual([name, 78]);
    expect(said).toMatch(/备份/);
    expect(said).toMatch(/manifest/);
    expect(existsSync(target), name).toBe(false);
    expect(existsSync(`${target}.partial`), name).toBe(false);
  }

  const full = join(folder, 'full');
  await mkdir(full);
  writeFileSync(join(full, 'precious'), 'x');
  const refused = await command('restore', '--from', good, '--data', full);
  expect(refused.said).toMatch(/不为空[\s\S]*not empty/);
  expect(readdirSync(full)).toEqual(['precious']);
}, 120_000);

test('only who may open the operator’s door makes a backup, and only where it cannot hurt', async () => {
  await platform.start();
  const byApi = await platform.api.request('POST', '/api/v1/backups', { body: { to: join(folder, 'by-api') } });
  expect([byApi.status, byApi.body.code]).toEqual([403, 'permission.denied']);
  expect(statSync(join(platform.dataDirectory, 'operator')).mode & 0o777).toBe(0o700);

  const inside = await command('backup', '--to', join(platform.dataDirectory, 'x'), '--data', platform.dataDirectory);
  expect(inside.said).toMatch(/备份目标不可用[\s\S]*data directory itself/);
  const there = await command('backup', '--to', join(folder, 'backup'), '--data', platform.dataDirectory);
  expect(there.said).toMatch(/not empty/);
  const nowhere = await command('backup', '--to', join(folder, 'no', 'such'), '--data', platform.dataDirectory);
  expect(nowhere.said).toMatch(/no folder/);
  for (const { code } of [inside, there, nowhere]) expect(code).toBe(78);
});

test.skipIf(process.getuid?.() !== 0)(
  'a backup for which there is no room says so, leaves nothing, and the platform goes on',
  async () => {
    const small = join(folder, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
    try {
      const failed = await command('backup', '--to', join(small, 'backup'), '--data', platform.dataDirectory);
      expect(failed.code).toBe(78);
      expect(failed.said).toMatch(/备份失败[\s\S]*The backup failed[\s\S]*ENOSPC/);
      expect(readdirSync(small)).toEqual([]);
    } finally {
      execFileSync('umount', [small]);
    }
    expect(readdirSync(platform.dataDirectory)).not.toContain('backup-staging');
    expect((await platform.api.request('GET', '/health/ready')).status).toBe(200);
    const again = await command('backup', '--to', join(folder, 'after'), '--data', platform.dataDirectory);
    expect(again.code).toBe(0);
  },
);

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}
