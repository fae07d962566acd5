import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cause, type CollectedDevice, qualityClass, qualityReason, type SampleValue } from '@luban/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DeviceFault } from './device-fault.ts';
import type { Driver, DriverHost, DriverStatus, Reading } from './driver.ts';
import { createDriver } from './drivers.ts';
import { createFaultProxy, type FaultProxy, type ProxyMode } from './fault-proxy.ts';

/** A real device server of a protocol, not written by us, and what it holds. */
export interface ConformanceRig {
  readonly port: number;
  /** A device behind a port of 127.0.0.1 with all points of `expected` and the points `wrong`. */
  device(port: number): CollectedDevice;
  /** Its timeout: how long it may be silent before its points are bad. */
  readonly timeoutMs: number;
  /** Raw values by the point's name. */
  readonly expected: Readonly<Record<string, SampleValue>>;
  /** The name of a point that the server does not have. */
  readonly wrong: string;
  /** The name of a numeric point that tests change. */
  readonly changing: string;
  /** Changes it at the server. */
  change(value: number): Promise<void>;
  /** What the server holds there. */
  held(): Promise<SampleValue>;
  /** Ends the server's process and starts it again, at the same port, with no memory of who was connected. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A driver with everything that it said. */
export interface Recorded {
  readonly driver: Driver;
  readonly readings: Reading[];
  readonly statuses: DriverStatus[];
  readonly events: Cause[];
  /** The last reading of a point by its name. */
  last(name: string): Reading | undefined;
}

export function record(device: CollectedDevice, directory: string, sink?: DriverHost['sink']): Recorded {
  const readings: Reading[] = [];
  const statuses: DriverStatus[] = [];
  const events: Cause[] = [];
  const byName = new Map<string, Reading>();
  const driver = createDriver(device, {
    directory,
    now: () => Date.now(),
    status: (status) => statuses.push(status),
    event: (_, cause) => events.push(cause),
    sink(batch) {
      readings.push(...batch);
      for (const reading of batch) byName.set(reading.point.name, reading);
      return sink?.(batch);
    },
  });
  return { driver, readings, statuses, events, last: (name) => byName.get(name) };
}

/** Waits until it is so; fails with the words when it is not within the time. */
export async function until(what: string, isSo: () => boolean, withinMs = 15_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What every driver must do. */
export function itConforms(protocol: string, startRig: () => Promise<ConformanceRig>): void {
  describe(`the ${protocol} driver`, { timeout: 30_000 }, () => {
    let rig: ConformanceRig;
    let proxy: FaultProxy;
    let directory: string;
    const started: Driver[] = [];
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown) => unhandled.push(reason);

    beforeAll(async () => {
      process.on('unhandledRejection', onUnhandled);
      directory = await mkdtemp(join(tmpdir(), 'luban-driver-'));
      rig = await startRig();
      proxy = await createFaultProxy(rig.port);
    }, 60_000);
    afterEach(async () => {
      for (const driver of started.splice(0)) await driver.stop();
      await until('no connection is left after stop', () => proxy.open() === 0, 3000);
      proxy.mode('pass');
      expect(unhandled).toEqual([]);
    });
    afterAll(async () => {
      await proxy.close();
      await rig.stop();
      await rm(directory, { recursive: true, force: true });
      process.off('unhandledRejection', onUnhandled);
    });

    const start = async (port = proxy.port): Promise<Recorded> => {
      const recorded = record(rig.device(port), directory);
      started.push(recorded.driver);
      await recorded.driver.start();
      return recorded;
    };
    const isGood = (recorded: Recorded, name: string) => qualityClass(recorded.last(name)?.quality ?? 0x80) === 'good';
    const allGood = (recorded: Recorded) => Object.keys(rig.expected).every((name) => isGood(recorded, name));
    const allBad = (recorded: Recorded) =>
      Object.keys(rig.expected).every((name) => recorded.last(name) !== undefined && !isGood(recorded, name));
    const startGood = async (): Promise<Recorded> => {
      const recorded = await start();
      await until('all points are read', () => allGood(recorded));
      return recorded;
    };

    it('reads what the server holds, at the time of reading or its source', async () => {
      const recorded = await startGood();
      for (const [name, value] of Object.entries(rig.expected)) {
        expect([name, recorded.last(name)?.value]).toEqual([name, value]);
        expect(Number.isInteger(recorded.last(name)?.timeUs)).toBe(true);
      }
      const onDemand = await recorded.driver.read(recorded.readings.map(({ point }) => point).slice(0, 1));
      expect(onDemand).toHaveLength(1);
    });

    it('tells once that a point is configured wrongly, and reads the others', async () => {
      const recorded = await startGood();
      await until('the wrong point is told', () => recorded.last(rig.wrong) !== undefined);
      expect(qualityReason(recorded.last(rig.wrong)?.quality ?? 0)).toBe('configuration');
      expect(recorded.last(rig.wrong)?.value).toBeNull();
      await until('the state says so', () => recorded.statuses.at(-1)?.state === 'degraded');
      expect(recorded.readings.filter(({ point }) => point.name === rig.wrong)).toHaveLength(1);
      expect(recorded.events.some(({ text }) => text.en.includes(rig.wrong))).toBe(true);
    });

    it('brings a change', async () => {
      const recorded = await startGood();
      const value = 1 + Math.floor(Math.random() * 30_000);
      await rig.change(value);
      await until('the change arrives', () => recorded.last(rig.changing)?.value === value);
    });

    it('writes, and says in words why it could not', async () => {
      const { driver, last } = await startGood();
      const point = last(rig.changing)?.point;
      const wrong = last(rig.wrong)?.point;
      if (!point || !wrong) throw new Error('the points are missing');
      await driver.write(point, 4711);
      expect(await rig.held()).toBe(4711);
      await expect(driver.write(point, 'no number')).rejects.toThrow(DeviceFault);
      await expect(driver.write(wrong, 1)).rejects.toThrow(wrong.name);
    });

    it('makes every point bad, once, when the server stalls, and reads again when it answers', async () => {
      const recorded = await startGood();
      const other = await start(rig.port);
      await until('the other device is read', () => allGood(other));
      const before = recorded.readings.length;
      const otherBefore = other.readings.length;
      proxy.mode('stall');
      const stalledMs = performance.now();
      await until('all points are bad', () => allBad(recorded), rig.timeoutMs * 3);
      expect(performance.now() - stalledMs).toBeLessThan(rig.timeoutMs * 2.5);
      const status = recorded.statuses.at(-1);
      expect(status?.state).toBe('offline');
      expect(status?.cause?.text.en).toMatch(/did not answer/);
      expect(status?.cause?.text.zh).toMatch(/应答/);
      await new Promise((resolve) => setTimeout(resolve, rig.timeoutMs * 2));
      const bad = recorded.readings.slice(before).filter(({ quality }) => qualityClass(quality) === 'bad');
      expect(bad.every(({ value }) => value === null)).toBe(true);
      expect(bad.map(({ point }) => point.name).sort()).toEqual([...Object.keys(rig.expected), rig.wrong].sort());
      expect(other.readings.slice(otherBefore).every(({ quality }) => qualityClass(quality) === 'good')).toBe(true);
      proxy.mode('pass');
      await until('all points are good again', () => allGood(recorded));
      expect(recorded.statuses.at(-1)?.state).not.toBe('offline');
    });

    it.each<[ProxyMode, string]>([
      ['cut', 'the server resets the connection in the middle of an answer'],
      ['corrupt', 'the bytes of its answers are damaged'],
    ])(
      'never takes a wrong value and recovers when (%s) %s',
      async (mode) => {
        await rig.change(77);
        const recorded = await startGood();
        const before = recorded.readings.length;
        proxy.mode(mode);
        await until('all points are bad', () => allBad(recorded));
        proxy.mode('pass');
        await until('all points are good again', () => allGood(recorded));
        for (const { point, value, quality } of recorded.readings.slice(before))
          if (qualityClass(quality) === 'good')
            expect([point.name, value]).toEqual([
              point.name,
              point.name === rig.changing ? 77 : rig.expected[point.name],
            ]);
      },
      30_000,
    );

    it('says who refuses the connection, and connects when the server listens', async () => {
      await proxy.refuse();
      const recorded = await start();
      await until('it is offline', () => recorded.statuses.at(-1)?.state === 'offline');
      expect(recorded.statuses.at(-1)?.cause?.text.en).toMatch(/refused by .*127\.0\.0\.1:\d+.*is the device on/);
      await until('all points are bad', () => allBad(recorded));
      await proxy.accept();
      await until('all points are good', () => allGood(recorded));
    });

    it('collects again after the server has restarted and forgotten it', async () => {
      const recorded = await startGood();
      await rig.restart();
      await until('it noticed', () => recorded.statuses.some(({ state }) => state === 'offline'));
      await until('all points are good again', () => allGood(recorded), 30_000);
      await rig.change(123);
      await until('changes arrive again', () => recorded.last(rig.changing)?.value === 123);
    }, 60_000);

    it.each(['good', 'stall', 'refused'] as const)(
      'ends all timers and sockets on stop, when %s',
      async (when) => {
        const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
        const before = timers();
        if (when === 'refused') await proxy.refuse();
        const recorded = await (when === 'good' ? startGood() : start());
        if (when === 'stall') {
          proxy.mode('stall');
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        const stopMs = performance.now();
        await recorded.driver.stop();
        expect(performance.now() - stopMs).toBeLessThan(3000);
        if (when === 'refused') await proxy.accept();
        await until('no socket is left', () => proxy.open() === 0, 2000);
        await until('no timer is left', () => timers() <= before, 5000);
        const count = recorded.readings.length;
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(recorded.readings).toHaveLength(count);
      },
      20_000,
    );

    it('waits for a slow sink instead of piling up', async () => {
      let now = 0;
      let most = 0;
      const slow = record(rig.device(proxy.port), directory, async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 50));
        now -= 1;
      });
      started.push(slow.driver);
      await slow.driver.start();
      await until('all points are read', () => allGood(slow));
      expect(most).toBe(1);
    });
  });
}
