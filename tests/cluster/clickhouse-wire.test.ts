import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseClickhouseAddress } from '../../server/src/telemetry/clickhouse-address.ts';
import { createClickhouseEngine } from '../../server/src/telemetry/clickhouse-engine.ts';
import { encodeNativeBlock } from '../../server/src/telemetry/native-block.ts';
import type { TelemetryEngine } from '../../server/src/telemetry/telemetry-engine.ts';
import type { TelemetryFault } from '../../server/src/telemetry/telemetry-fault.ts';
import { startOldClickhouse } from '../fixtures/cluster/old-clickhouse.ts';

let clickhouse: Awaited<ReturnType<typeof startOldClickhouse>>;
let engine: TelemetryEngine;
const faults: TelemetryFault[] = [];
let restarts = 0;

function open(address: string): TelemetryEngine {
  return createClickhouseEngine({
    address: parseClickhouseAddress(address)!,
    onFault: (fault) => faults.push(fault),
    onRestart: () => restarts++,
  });
}

const block = (from: number, rows: number) =>
  encodeNativeBlock(rows, [
    { name: 'series', kind: 'u32', data: Uint32Array.from({ length: rows }, (_, i) => from + i) },
    { name: 'value', kind: 'f64', data: Float64Array.from({ length: rows }, (_, i) => (from + i) / 8) },
    { name: 'text', kind: 'text', data: new Map([[0, '鲁班 "\n\\']]) },
  ]);

beforeAll(async () => {
  clickhouse = await startOldClickhouse();
  engine = open(clickhouse.address());
  await engine.start();
  await engine.run('CREATE TABLE wire (series UInt32, value Float64, text String) ENGINE = MergeTree ORDER BY series');
});
afterAll(async () => {
  await engine.stop();
  await clickhouse.remove();
});

test('a real server takes our Native blocks and answers in columns, 64-bit whole numbers as numbers', async () => {
  await engine.insertNative('wire', block(1, 50_000), '0-1');
  const [count, text] = await engine.query(
    "SELECT count(), anyIf(text, text != '') FROM wire WHERE has({series:Array(UInt32)}, series)",
    {
      series: [1, 2, 50_000, 50_001],
    },
  );
  expect([count, text]).toEqual([[3], ['鲁班 "\n\\']]);
  expect(await engine.query('SELECT toInt64(-{x:Int64}) AS x, sum(value) FROM wire', { x: 2 ** 50 })).toEqual([
    [-(2 ** 50)],
    [(50_000 * 50_001) / 16],
  ]);
});

test('what the server refuses, and what is too much for it, has the code that chDB gives it', async () => {
  await expect(engine.query('SELECT nothing', {})).rejects.toMatchObject({ code: 'telemetry.refused' });
  await expect(engine.run('CREATE TABLE wire (a UInt8) ENGINE = Memory')).rejects.toMatchObject({
    code: 'telemetry.refused',
  });
  await expect(engine.query('SELECT sum(value) FROM wire', {}, { rowsToRead: 1000 })).rejects.toMatchObject({
    code: 'telemetry.too-much',
  });
  await expect(engine.insertNative('wire; DROP TABLE wire', block(0, 1), 'a')).rejects.toMatchObject({
    code: 'telemetry.refused',
  });
  expect(engine.state).toBe('ready');
});

test('when the server is killed callers hear it, and when it is back it goes on, with what it had acknowledged', async () => {
  await engine.insertNative('wire', block(100_000, 1000), '1-2');
  const asked = engine.query('SELECT sleep(2)', {});
  const heard = expect(asked).rejects.toMatchObject({ code: 'telemetry.unavailable' });
  await clickhouse.kill();
  await heard;
  await expect(engine.insertNative('wire', block(200_000, 10), '2-3')).rejects.toMatchObject({
    code: 'telemetry.unavailable',
  });
  expect(engine.state).toBe('recovering');
  expect(restarts).toBe(0);
  await clickhouse.start();
  await expect.poll(() => engine.state, { timeout: 20_000 }).toBe('ready');
  expect(restarts).toBe(1);
  expect(faults.map(({ code }) => code)).toEqual(['telemetry.unavailable']);
  await engine.insertNative('wire', block(200_000, 10), '2-3');
  expect(await engine.query('SELECT count() FROM wire WHERE series >= 100000', {})).toEqual([[1010]]);
});

test('a server that does not know the user is named when the platform starts, without the password', async () => {
  const stranger = open(clickhouse.address('wr0ng'));
  const error = await stranger.start().catch((reason: unknown) => reason as TelemetryFault);
  expect(error).toMatchObject({
    code: 'telemetry.refused',
    message: expect.stringContaining('user and password right'),
  });
  expect(String(error)).not.toContain('wr0ng');
  expect(stranger.state).toBe('stopped');
});
