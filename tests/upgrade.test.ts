import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Libsql from 'libsql';
import { afterEach, expect, test } from 'vitest';
import { allReadings } from './fixtures/acknowledged-set.ts';
import { startNode } from './fixtures/node-process.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';

/** A platform of 25 November 2026, killed with ten of its sixty samples in the log alone. */
const fixture = fileURLToPath(new URL('./fixtures/data-before-versions.tgz', import.meta.url));
const owner = { email: 'owner@example.com', password: 'correct horse battery' };
const made: string[] = [];
const platforms: Platform[] = [];
afterEach(async () => {
  for (const platform of platforms.splice(0)) await platform.remove();
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-upgrade-'));
  made.push(directory);
  return directory;
}

async function platformOn(directory: string): Promise<Platform> {
  const platform = await createPlatform(directory);
  platforms.push(platform);
  return platform;
}

const versionOf = (directory: string) => JSON.parse(readFileSync(join(directory, 'version.json'), 'utf8'));

/** What the process says when it ends by itself, and how it ends. */
async function refusalOf(platform: Platform): Promise<string> {
  return platform.start().then(
    () => 'it started',
    (error: Error) => error.message,
  );
}

test('data from before there were versions starts, is copied first, and loses nothing', async () => {
  const directory = await newDirectory();
  execFileSync('tar', ['xzf', fixture, '-C', directory]);
  const before = readFileSync(join(directory, 'records.sqlite-wal'));
  const platform = await platformOn(directory);
  await platform.start();

  await platform.api.post('/api/v1/sessions', owner);
  const readings = await allReadings(platform.api, 1);
  expect(readings.map(({ value }) => value)).toEqual(Array.from({ length: 60 }, (_, i) => i / 4));
  expect((await platform.api.get('/api/v1/edges')).items.map(({ name }: { name: string }) => name)).toEqual([
    'old edge',
  ]);

  expect(versionOf(directory)).toMatchObject({ format: 1, telemetry: 1 });
  const [kept = '', ...more] = readdirSync(join(directory, 'before-upgrade'));
  expect(more).toEqual([]);
  const copy = join(directory, 'before-upgrade', kept, 'records.sqlite');
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  // The copy is as the old platform left it: also what was in its write-ahead log alone.
  expect(before.length).toBeGreaterThan(0);
  const opened = new Libsql(copy, { readonly: true });
  const migrations = opened.prepare('select name from kysely_migration order by name').all() as { name: string }[];
  expect(migrations.map(({ name }) => name)).toEqual(['0000-counters', '0001-identity', '0002-things', '0003-edges']);
  expect(opened.prepare('select name from edges').all()).toEqual([{ name: 'old edge' }]);
  opened.close();

  await platform.stop();
  await platform.start();
  expect(readdirSync(join(directory, 'before-upgrade')), 'an upgrade happens once').toEqual([kept]);
});

test('data of a newer version is refused in both languages and left alone', async () => {
  const directory = await newDirectory();
  const platform = await platformOn(directory);
  await platform.start();
  await platform.stop();
  const whole = versionOf(directory);
  for (const newer of [
    { ...whole, format: 99, software: '9.9.9' },
    { ...whole, telemetry: 99, software: '9.9.9' },
  ]) {
    writeFileSync(join(directory, 'version.json'), JSON.stringify(newer));
    const refusal = await refusalOf(platform);
    expect(refusal).toContain('(78)');
    expect(refusal).toMatch(/更新的版本（9\.9\.9）/);
    expect(refusal).toMatch(/newer version \(9\.9\.9\)/);
    expect(versionOf(directory)).toEqual(newer);
  }

  writeFileSync(join(directory, 'version.json'), JSON.stringify(whole));
  const records = new Libsql(join(directory, 'records.sqlite'));
  records.exec("insert into kysely_migration (name, timestamp) values ('9999-from-the-future', '2099-01-01')");
  records.close();
  expect(await refusalOf(platform)).toMatch(/newer version/);

  writeFileSync(join(directory, 'version.json'), '{ half');
  expect(await refusalOf(platform)).toMatch(/version\.json/);
});

test('two platforms never use one directory', async () => {
  const directory = await newDirectory();
  const first = await platformOn(directory);
  await first.start();
  const second = await platformOn(directory);
  const refusal = await refusalOf(second);
  expect(refusal).toContain('(78)');
  expect(refusal).toMatch(/正被另一个平台进程（\d+）使用/);
  expect(refusal).toMatch(/in use by another platform \(process \d+\)/);
  expect((await first.api.request('GET', '/health/ready')).status, 'the first one does not notice').toBe(200);
  await first.kill();
  await second.start();
});

test('the launcher does not try again what its operator must mend', async () => {
  const directory = await newDirectory();
  writeFileSync(
    join(directory, 'version.json'),
    JSON.stringify({ format: 99, telemetry: 1, records: '', software: '9.9.9' }),
  );
  const launcher = startNode('tools/start.mjs', { LUBAN_DATA: directory, LUBAN_HTTP_PORT: '0', LUBAN_MQTT_PORT: '0' });
  await expect(launcher.ready).rejects.toThrow(/ended \(1\):[\s\S]*newer version/);
});
