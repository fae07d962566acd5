import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qualityReason, type SampleValue } from '@luban/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Recorded, record, until } from '../driver-conformance.ts';
import { createFaultProxy } from '../fault-proxy.ts';
import { type OpcUaRig, opcUaDevice, startOpcUaRig } from './opcua-rig.ts';

const secure = { security: 'Basic256Sha256', timeoutMs: 5000 };

describe('the OPC UA driver', { timeout: 30_000 }, () => {
  let rig: OpcUaRig;
  let directory: string;
  const running: Recorded[] = [];
  const printed = (['log', 'warn', 'error', 'info'] as const).map((name) => vi.spyOn(console, name));

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'luban-opcua-'));
    rig = await startOpcUaRig();
  }, 60_000);
  beforeEach(() => {
    for (const spy of printed) spy.mockClear();
  });
  afterEach(async () => {
    for (const { driver } of running.splice(0)) await driver.stop();
    expect(printed.flatMap((spy) => spy.mock.calls.map(String))).toEqual([]);
  });
  afterAll(async () => {
    await rig.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (names: readonly string[], settings: object = {}): Promise<Recorded> => {
    const recorded = record(opcUaDevice(rig.port, names, settings), directory);
    running.push(recorded);
    await recorded.driver.start();
    return recorded;
  };
  const offlineCause = async (recorded: Recorded) => {
    await until('it is offline', () => recorded.statuses.at(-1)?.state === 'offline');
    return recorded.statuses.at(-1)?.cause;
  };

  it.each(['Sign', 'SignAndEncrypt'])(
    'collects with Basic256Sha256 %s and one certificate of its own',
    async (mode) => {
      const recorded = await start(['double'], { ...secure, messageMode: mode });
      await until('it is read', () => recorded.last('double')?.value === 21.5);
      const files = await readdir(directory);
      expect(files.sort()).toEqual(['own-certificate.json', 'servers']);
      expect(await readFile(join(directory, 'own-certificate.json'), 'utf8')).toMatch(/BEGIN CERTIFICATE/);
    },
    30_000,
  );

  it('remembers the server on first use and refuses another certificate, in words', async () => {
    const first = await start(['double'], secure);
    await until('it is read', () => first.last('double')?.value === 21.5);
    await first.driver.stop();
    const [name] = await readdir(join(directory, 'servers'));
    const path = join(directory, 'servers', name!);
    const remembered = await readFile(path, 'utf8');
    await writeFile(path, remembered.replace(/[0-9a-f]{40}/, '0'.repeat(40)));
    const cause = await offlineCause(await start(['double'], secure));
    expect(cause?.code).toBe('opcua.certificate-changed');
    expect(cause?.text.en).toContain(/[0-9a-f]{40}/.exec(remembered)?.[0]);
    await writeFile(path, remembered);
  }, 30_000);

  it('connects only to the thumbprint of the settings, when there is one', async () => {
    const cause = await offlineCause(await start(['double'], { ...secure, serverThumbprint: 'A'.repeat(40) }));
    expect(cause?.code).toBe('opcua.certificate-changed');
  }, 30_000);

  it('logs in with user and password, and says when they are wrong', async () => {
    const user = { name: 'luban', password: 'secret' };
    const known = await start(['double'], { ...secure, user });
    await until('it is read', () => known.last('double')?.value === 21.5);
    const cause = await offlineCause(await start(['double'], { ...secure, user: { ...user, password: 'wrong' } }));
    expect(cause?.text.en).toMatch(/user/);
    expect(JSON.stringify(cause)).not.toContain('wrong"');
  }, 30_000);

  it('keeps the source time to the microsecond and the reason of a status', async () => {
    const recorded = await start(['precise', 'sensor', 'uncertain']);
    await until('all are told', () => ['precise', 'sensor', 'uncertain'].every((name) => recorded.last(name)));
    expect(recorded.last('precise')?.timeUs).toBe(Date.UTC(2024, 1, 29, 12, 0, 0, 123) * 1000 + 456);
    expect(recorded.last('sensor')?.value).toBeNull();
    expect(qualityReason(recorded.last('sensor')!.quality)).toBe('sensorFailure');
    expect(recorded.last('uncertain')?.value).toBe(2);
    expect(qualityReason(recorded.last('uncertain')!.quality)).toBe('lastUsable');
  });

  it('loses nothing of a burst between two publications', async () => {
    const recorded = await start(['burst'], { samplingIntervalMs: 50, publishingIntervalMs: 1500, timeoutMs: 3000 });
    await until('it is read', () => recorded.last('burst')?.value === 0);
    await rig.ask({ burst: 9 });
    await until('the last has come', () => recorded.last('burst')?.value === 9);
    expect(recorded.readings.map(({ value }) => value)).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });

  it('asks the server to hold when the sink is slow, and says so when the server could not hold all', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let calls = 0;
    const recorded = record(opcUaDevice(rig.port, ['burst'], { samplingIntervalMs: 50 }), directory, () =>
      ++calls > 1 ? released : undefined,
    );
    running.push(recorded);
    await recorded.driver.start();
    await until('it is read', () => recorded.last('burst') !== undefined);
    await rig.ask({ burst: 50, everyMs: 60 });
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(calls).toBe(2);
    release();
    await until('the last has come', () => recorded.last('burst')?.value === 50);
    const values = recorded.readings.slice(1).map(({ value }) => Number(value));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values.length).toBeLessThan(50);
    expect(recorded.events.map(({ code }) => code)).toContain('opcua.queue-overflow');
  }, 20_000);

  it('takes namespaces by their name, and tells one that the server does not have', async () => {
    const points = ['nsu=http://opcfoundation.org/UA/;i=2259', 'nsu=urn:nobody;s=double', 'ns=0;i=no'];
    const recorded = await start(points);
    await until('all are told', () => points.every((name) => recorded.last(name)));
    expect(points.map((name) => qualityReason(recorded.last(name)!.quality))).toEqual([
      'good',
      'configuration',
      'configuration',
    ]);
  });

  it('collects again after the server has dropped its session but not its connection', async () => {
    const recorded = await start(['changing']);
    await until('it is read', () => recorded.last('changing') !== undefined);
    await rig.ask({ forget: true });
    await until('it noticed', () => recorded.statuses.some(({ state }) => state === 'offline'));
    await until('it is read again', () => recorded.statuses.at(-1)?.state === 'online');
    await rig.change(31);
    await until('changes arrive again', () => recorded.last('changing')?.value === 31);
    expect(recorded.statuses.map(({ cause }) => cause?.code)).toContain('opcua.session-lost');
  }, 30_000);

  it('survives bytes that are damaged anywhere', async () => {
    const noisy = await createFaultProxy(rig.port);
    const recorded = record(opcUaDevice(noisy.port, ['changing', 'double', 'array', 'localized']), directory);
    running.push(recorded);
    await recorded.driver.start();
    await until('it is read', () => recorded.last('localized')?.quality === 0);
    noisy.mode('noise');
    for (let i = 0; i < 40; i++) {
      await rig.change(i);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    noisy.mode('pass');
    await rig.change(4242);
    await until('it is read again', () => recorded.last('changing')?.value === 4242, 40_000);
    await recorded.driver.stop();
    await noisy.close();
  }, 60_000);

  it.each<[string, SampleValue]>([
    ['boolean', false],
    ['double', -1.5],
    ['int64', '-9223372036854775808'],
    ['uint64', '18446744073709551614'],
    ['string', 'Luban'],
    ['date', '2026-01-01T00:00:00.000Z'],
  ])('writes %s', async (name, value) => {
    const { driver, last } = await start([name]);
    await until('it is read', () => last(name) !== undefined);
    const { point, value: before } = last(name)!;
    await driver.write(point, value);
    expect((await driver.read([point]))[0]?.value).toEqual(value);
    await driver.write(point, before);
    await expect(driver.write(point, { no: 'such value' })).rejects.toMatchObject({ code: 'opcua.write-unfit' });
  });

  it('browses folders and points with their types and units', async () => {
    const { driver, last } = await start(['double']);
    await until('it is connected', () => last('double') !== undefined);
    const root = await driver.browse(null);
    const machine = root.find(({ name }) => name === 'Machine');
    expect(machine).toEqual({ id: 'ns=1;s=Machine', name: 'Machine', kind: 'folder' });
    const points = await driver.browse(machine!.id);
    const point = (name: string) => points.find((node) => node.name === name);
    expect(point('temperature')).toEqual({
      id: 'ns=1;s=temperature',
      name: 'temperature',
      kind: 'point',
      type: 'number',
      unit: '°C',
      address: { protocol: 'opc-ua', nodeId: 'ns=1;s=temperature' },
    });
    expect(['boolean', 'uint64', 'string', 'array'].map((name) => point(name)?.type)).toEqual([
      'boolean',
      'number',
      'string',
      'json',
    ]);
  });
});
