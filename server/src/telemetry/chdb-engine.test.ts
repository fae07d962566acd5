import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChdbEngine, createChdbEngine } from './chdb-engine.ts';
import { encodeNativeBlock } from './native-block.ts';
import type { TelemetryFault } from './telemetry-fault.ts';

const memoryLimitBytes = 1 << 30;
const faults: TelemetryFault[] = [];
let directory: string;
let engine: ChdbEngine;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-chdb-'));
  engine = createChdbEngine({ directory, memoryLimitBytes, onFault: (fault) => faults.push(fault) });
  await engine.start();
});
afterAll(async () => {
  await engine.stop();
  await rm(directory, { recursive: true, force: true });
});

test('answers are columns, and 64-bit whole numbers are numbers', async () => {
  const answer = await engine.query('SELECT number, toInt64(number) - {x:Int64} FROM numbers(3)', { x: 2 ** 50 });
  expect(answer).toEqual([
    [0, 1, 2],
    [-(2 ** 50), 1 - 2 ** 50, 2 - 2 ** 50],
  ]);
});

test('a question that reads, answers, lasts or holds too much is stopped by the engine', async () => {
  const tooMuch = { code: 'telemetry.too-much' };
  await expect(engine.query('SELECT sum(number) FROM numbers(1e6)', {}, { rowsToRead: 1000 })).rejects.toMatchObject(
    tooMuch,
  );
  await expect(engine.query('SELECT number FROM numbers(1000)', {}, { resultRows: 10 })).rejects.toMatchObject(tooMuch);
  const endless = 'SELECT sum(sqrt(number)) FROM numbers(1e12)';
  const endlessLimits = { timeoutMs: 300, rowsToRead: 1e13 };
  await expect(engine.query(endless, {}, endlessLimits)).rejects.toMatchObject(tooMuch);
  const wide = 'SELECT length(groupArray(number)) FROM numbers(1e8)';
  await expect(engine.query(wide, {}, { rowsToRead: 1e9, memoryBytes: 50_000_000 })).rejects.toMatchObject(tooMuch);
});

test('neither limits nor a broken-off answer of one question stay for the next', async () => {
  await expect(engine.query('SELECT number FROM numbers(1000)', {}, { resultRows: 10 })).rejects.toThrow();
  for (let i = 0; i < 4; i++)
    expect((await engine.query('SELECT number FROM numbers(1000)', {}))[0]).toHaveLength(1000);
});

test('a short question does not wait for a long one', async () => {
  const long = engine.query('SELECT sleep(2)', {});
  const short = engine.query('SELECT 1', {});
  expect(await Promise.race([long.then(() => 'long'), short.then(() => 'short')])).toBe('short');
  await long;
});

test('a wrong statement, table or token is refused', async () => {
  await expect(engine.query('SELECT nothing', {})).rejects.toMatchObject({ code: 'telemetry.refused' });
  const block = encodeNativeBlock(1, [{ name: 'n', kind: 'u32', data: Uint32Array.of(1) }]);
  await expect(engine.insertNative('t; DROP TABLE t', block, 'a')).rejects.toMatchObject({ code: 'telemetry.refused' });
  await expect(engine.insertNative('t', block, "a'")).rejects.toMatchObject({ code: 'telemetry.refused' });
});

test('the memory limit reaches the database', async () => {
  const [values] = await engine.query(
    "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'",
    {},
  );
  expect(values).toEqual([String(memoryLimitBytes)]);
});

test('too many questions at once are told so, and the others are answered', async () => {
  const asked = Array.from({ length: 200 }, () => engine.query('SELECT 1', {}));
  const results = await Promise.allSettled(asked);
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(100);
  for (const result of refused) expect(result.reason).toMatchObject({ code: 'telemetry.busy' });
});

test('many long questions wait for each other, and nobody takes that for a stuck engine', async () => {
  const { pid } = engine;
  const asked = Array.from({ length: 21 }, () => engine.query('SELECT sleep(3)', {}, { timeoutMs: 2500 }));
  const codes = (await Promise.allSettled(asked)).map((result) =>
    result.status === 'rejected' ? result.reason.code : 'answered',
  );
  expect(codes).not.toContain('telemetry.unavailable');
  expect(codes).toContain('telemetry.busy');
  expect(engine.pid).toBe(pid);
}, 30_000);

test('when chDB dies its callers hear it at once, and it comes back', async () => {
  const asked = engine.query('SELECT sleep(3)', {});
  const gone = engine.pid!;
  setTimeout(() => process.kill(gone, 'SIGKILL'), 100);
  await expect(asked).rejects.toMatchObject({ code: 'telemetry.unavailable' });
  await expect(engine.query('SELECT 1', {})).rejects.toMatchObject({ code: 'telemetry.unavailable' });
  await expect.poll(() => engine.state, { timeout: 20_000 }).toBe('ready');
  expect(await engine.query('SELECT 1', {})).toEqual([[1]]);
  expect(faults.map((fault) => fault.code)).toEqual(['telemetry.unavailable']);
  expect(existsSync(`/proc/${gone}`)).toBe(false);
}, 30_000);
