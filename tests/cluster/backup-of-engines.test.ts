import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestLog } from '../../server/src/log/log.test-support.ts';
import { copyLog, restoreLog } from '../../server/src/log/log-copy.test-support.ts';
import { askPostgres, makeTestRecords } from '../../server/src/platform/database/records.test-support.ts';
import { AcknowledgedSet } from '../fixtures/acknowledged-set.ts';
import { createApiClient } from '../fixtures/api-client.ts';
import { askStore, startChdbOverHttp } from '../fixtures/cluster/chdb-over-http.ts';
import { leads } from '../fixtures/cluster/platform-of-servers.ts';
import { sendByHttp } from '../fixtures/http-sender.ts';
import { addThing, type MadeThing } from '../fixtures/plant-records.ts';
import { createPlatform, type Platform } from '../fixtures/platform-process.ts';
import { until } from '../fixtures/until.ts';

/** docs/cluster.md, "Backup and restore": the same steps in the same order, with the engines' own copies. */
const programs = '/usr/lib/postgresql/15/bin';
const run = promisify(execFile);
const startUs = Date.now() * 1000;
const set = new AcknowledgedSet();
const platforms: Platform[] = [];
const places: { remove(): Promise<void> }[] = [];
let folder: string;
let store: Awaited<ReturnType<typeof startChdbOverHttp>>;
let logAddress: string;
let removeLog: () => Promise<void>;
let sealKey: string;
/** Of the writer, which went on after the backup. */
let oldFolder: string;
let cookie: string;
let thing: MadeThing;
/** All that was acknowledged before the last step of the backup. */
let before: AcknowledgedSet;
/** Rows in the backup of the store. */
let storedThen = 0;
let next = 0;
let dump: string;
let logCopy: Awaited<ReturnType<typeof copyLog>>;

interface Place {
  readonly records: string;
  readonly log: string;
  readonly telemetry: string;
}

async function server({ records, log, telemetry }: Place, roles?: string, old?: string): Promise<Platform> {
  const directory = old ?? (await mkdtemp(join(folder, 'data-')));
  if (sealKey !== undefined && old === undefined) await copyFile(sealKey, join(directory, 'seal.key'));
  const one = await createPlatform(directory, {
    environment: {
      LUBAN_RECORDS: records,
      LUBAN_LOG: log,
      LUBAN_TELEMETRY: telemetry,
      ...(roles === undefined ? {} : { LUBAN_ROLES: roles }),
    },
  });
  platforms.push(one);
  return one;
}

const rowsOf = async (telemetry: string) =>
  Number((JSON.parse(await askStore(telemetry, 'SELECT count() FROM samples FINAL')) as number[][])[0]?.[0] ?? 0);
async function counted(records: string): Promise<number> {
  const [sum] = await askPostgres(records, 'select sum(received - repeated) as counted from accounts');
  return Number(sum?.counted ?? 0);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luban-engines-backup-'));
  store = await startChdbOverHttp();
});
afterAll(async () => {
  for (const one of platforms) await one.remove();
  for (const place of places) await place.remove();
  await store.remove();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

test('while samples come in at a door: writers stop, telemetry, records, and at last the log are copied', async () => {
  const records = await makeTestRecords();
  const log = await makeTestLog();
  places.push(records, log);
  logAddress = log.address!;
  removeLog = log.remove;
  const at = { records: records.location, log: logAddress, telemetry: `${store.url}/plant` };
  const writer = await server(at, 'writer,api');
  await writer.start();
  await leads(writer);
  await writer.api.setUp();
  cookie = writer.api.cookie()!;
  sealKey = join(writer.dataDirectory, 'seal.key');
  thing = await addThing(writer.api, 'HTTP-1');
  const door = await server(at, 'door');
  await door.start();
  const stop = new AbortController();
  const sending = sendByHttp({ thing, set, startUs, url: () => door.url, stop: stop.signal });
  const come = (more: number) => {
    const wanted = set.count().acknowledged + more;
    return until(() => set.count().acknowledged >= wanted, `${more} more samples are acknowledged`, 60_000);
  };
  await until(async () => (await rowsOf(at.telemetry)) > 300, 'some of it is stored', 60_000);

  await writer.stop();
  await come(200); // the door goes on
  await store.copy('plant', 'restored');
  await store.copy('plant', 'old_folder');
  await store.copy('plant', 'without_log');
  storedThen = await rowsOf(at.telemetry);
  await come(50);
  dump = join(folder, 'records.dump');
  await run(`${programs}/pg_dump`, ['--format=custom', `--file=${dump}`, records.location]);
  await come(50);
  before = set.copy();
  logCopy = await copyLog(logAddress);
  // The writer goes on: what it keeps of its inserts is of a store and a log that will be no more.
  await writer.start();
  for (let block = 0; block < 2; block++) {
    const stored = await rowsOf(at.telemetry);
    await until(async () => (await rowsOf(at.telemetry)) > stored, 'a block is stored', 90_000);
  }
  oldFolder = writer.dataDirectory;
  stop.abort();
  next = await sending;
  expect(before.count().acknowledged).toBeGreaterThan(storedThen + 200);

  // All of it is lost.
  for (const one of platforms.splice(0)) await one.kill();
  await removeLog();
  before.alsoSent(set);
}, 360_000);

async function restoredRecords(): Promise<string> {
  const records = await makeTestRecords();
  places.unshift(records);
  await run(`${programs}/pg_restore`, ['--no-owner', `--dbname=${records.location}`, dump]);
  return records.location;
}

/** What comes after the restore is stored and counted once too. */
async function goesOn(platform: Platform, { records, telemetry }: Place, known: AcknowledgedSet): Promise<void> {
  const api = createApiClient(platform.url, cookie);
  const stop = new AbortController();
  const sent = known.count().acknowledged;
  const sending = sendByHttp({
    thing,
    set: known,
    startUs,
    url: () => platform.url,
    from: next,
    stop: stop.signal,
  });
  await until(() => known.count().acknowledged > sent + 200, 'it takes samples with the same key', 60_000);
  stop.abort();
  next = await sending;
  await until(async () => (await api.get('/api/v1/flow')).log.backlogRecords === 0, 'all is stored', 60_000);
  expect(await known.compare(api)).toEqual([]);
  await until(async () => (await counted(records)) === (await rowsOf(telemetry)), 'the books add up with the store');
}

test('restored into fresh engines it has every sample acknowledged before the log was copied, once; the books add up, and it goes on', async () => {
  await restoreLog(logAddress, logCopy);
  const at = { records: await restoredRecords(), log: logAddress, telemetry: `${store.url}/restored` };
  expect(await rowsOf(at.telemetry)).toBe(storedThen);
  const platform = await server(at);
  await platform.start();
  await leads(platform);
  const known = before.copy();
  await goesOn(platform, at, known);
  expect(await rowsOf(at.telemetry)).toBeGreaterThanOrEqual(known.count().acknowledged);
  expect(platform.output()).not.toMatch(/log-trimmed|log ends before/);
  await platform.stop();
}, 180_000);

test('a writer’s old data folder, which says of the old store what is not so of the restored one, hides no sample', async () => {
  await removeLog();
  await restoreLog(logAddress, logCopy);
  const at = { records: await restoredRecords(), log: logAddress, telemetry: `${store.url}/old_folder` };
  const door = await server(at, 'door');
  await door.start();
  // Until the log is longer than it was, so that the old plan's records are there again and are others.
  const known = before.copy();
  const wanted = set.count().acknowledged + 500;
  const stop = new AbortController();
  const sending = sendByHttp({ thing, set: known, startUs, url: () => door.url, from: next, stop: stop.signal });
  await until(() => known.count().acknowledged > wanted, 'the log grows', 60_000);
  stop.abort();
  next = await sending;
  const writer = await server(at, undefined, oldFolder);
  await writer.start();
  await leads(writer);
  expect(writer.output()).toMatch(/foreign-plan/);
  await goesOn(writer, at, known);
  await writer.stop();
  await door.stop();
}, 240_000);

test('without the copy of the log it has what the store had, says that the log is gone, and goes on with a new one', async () => {
  const log = await makeTestLog();
  places.push(log);
  const at = { records: await restoredRecords(), log: log.address!, telemetry: `${store.url}/without_log` };
  const platform = await server(at);
  await platform.start();
  await leads(platform);
  expect(await rowsOf(at.telemetry)).toBe(storedThen);
  expect(platform.output()).toMatch(/the log ends before what was counted/);
  const api = createApiClient(platform.url, cookie);
  const countedThen = await counted(at.records);
  const fresh = new AcknowledgedSet();
  const stop = new AbortController();
  const sending = sendByHttp({ thing, set: fresh, startUs, url: () => platform.url, from: next, stop: stop.signal });
  await until(() => fresh.count().acknowledged > 200, 'it takes samples', 60_000);
  stop.abort();
  await sending;
  const came = fresh.count().acknowledged;
  await until(async () => (await rowsOf(at.telemetry)) === storedThen + came, 'what came is stored', 60_000);
  await until(async () => (await counted(at.records)) === countedThen + came, 'and counted');
  fresh.alsoSent(before);
  expect(await fresh.compare(api)).toEqual([]);
}, 180_000);
