import type { Cause, CollectedDevice, DeviceReport, Sample } from '@luban/contracts';
import type { Driver, DriverHost, DriverStatus } from '../drivers/driver.ts';
import { edgeCause, messageOf } from '../edge-errors.ts';
import type { GapLedger } from '../gaps/gaps.ts';
import { backOff, pause } from '../pause.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { createRate } from '../reports/rate.ts';

/** Makes the driver of a device. */
export type CreateDriver = (device: CollectedDevice, host: DriverHost) => Driver;

export interface DeviceRunner {
  readonly device: CollectedDevice;
  start(): void;
  report(): DeviceReport;
  stop(): Promise<void>;
}

const tickMs = 250;
/** A set of bad points is believed when it has held this long: between going silent and coming back all are bad. */
const settleMs = 2000;

/** Runs one device: its driver, the way of its samples, its state, its entries in the gap ledger. */
export function createDeviceRunner(options: {
  device: CollectedDevice;
  createDriver: CreateDriver;
  put(samples: readonly Sample[]): void | Promise<void>;
  gaps: Pick<GapLedger, 'open' | 'close'>;
  event(severity: 'info' | 'warning' | 'error', cause: Cause): void;
  onFault(error: unknown): void;
  directory: string;
  now(): number;
}): DeviceRunner {
  const { device, gaps, event, now } = options;
  const stopping = new AbortController();
  const rate = createRate(now);
  const startedMs = now();
  let status: DriverStatus = { state: 'connecting', sinceMs: startedMs, cause: null };
  let lastSampleMs: number | null = null;
  let driver: Driver | null = null;
  let starting: Promise<void> = Promise.resolve();
  let ledger: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let badSeen: { text: string; sinceMs: number } | null = null;
  let badWritten: string | null = null;

  const pipeline = createPipeline({ device, put, event, nowUs: () => now() * 1000 });
  const answers = () => status.state === 'online' || status.state === 'degraded';

  function put(samples: readonly Sample[]): void | Promise<void> {
    rate.add(samples.length);
    lastSampleMs = now();
    return options.put(samples);
  }

  /** The ledger's entries of a device are written one after another, as they came. */
  function write(work: () => Promise<void>): void {
    ledger = ledger.then(work).catch(options.onFault);
  }

  function onStatus(next: DriverStatus): void {
    const before = status.state;
    status = next;
    if (next.state === before) return;
    if (next.state === 'offline') {
      const fromMs = next.sinceMs;
      write(() => gaps.open({ device: device.id, series: null, fromMs, why: 'device-silent', cause: next.cause }));
      event('warning', next.cause ?? edgeCause('device.offline'));
    } else if (next.state === 'online' || next.state === 'degraded') {
      write(() => gaps.close(device.id, 'device-silent', next.sinceMs));
      if (next.state === 'degraded') event('warning', next.cause ?? edgeCause('device.degraded'));
      else event('info', edgeCause('device.online'));
    }
  }

  /** Points that stay bad while their device answers, written once for each change of the set. */
  function noteBadPoints(): void {
    const { good, bad } = pipeline.counts();
    if (!answers() || good + bad === 0) {
      badSeen = null;
      return;
    }
    const series = pipeline.badSeries();
    const text = series.join();
    const timeMs = now();
    if (badSeen?.text !== text) badSeen = { text, sinceMs: timeMs };
    if (text === badWritten || timeMs - badSeen.sinceMs < settleMs) return;
    badWritten = text;
    const { sinceMs } = badSeen;
    const cause = edgeCause('point.bad', `${series.length} of ${device.points.length}`);
    write(async () => {
      await gaps.close(device.id, 'point-bad', sinceMs, (of) => of?.join() !== text);
      if (series.length > 0) await gaps.open({ device: device.id, series, fromMs: sinceMs, why: 'point-bad', cause });
    });
  }

  function tick(): void {
    noteBadPoints();
    const wait = pipeline.tick(answers());
    if (wait) wait.catch(options.onFault);
  }

  async function startDriver(): Promise<void> {
    const wait = backOff(1000, 60_000);
    while (!stopping.signal.aborted) {
      try {
        driver = options.createDriver(device, {
          sink: pipeline.sink,
          status: onStatus,
          event,
          directory: options.directory,
          now,
        });
        await driver.start(stopping.signal);
        return;
      } catch (error) {
        options.onFault(error);
        onStatus({ state: 'offline', sinceMs: now(), cause: edgeCause('device.driver-failed', messageOf(error)) });
        await driver?.stop().catch(options.onFault);
        driver = null;
        await pause(wait.next(), stopping.signal);
      }
    }
  }

  return {
    device,
    start() {
      timer = setInterval(tick, tickMs);
      starting = startDriver();
    },
    report() {
      const { good, bad } = pipeline.counts();
      return {
        id: device.id,
        ...status,
        samplesPerSecond: rate.perSecond(),
        pointsGood: good,
        pointsBad: bad,
        lastSampleMs,
      };
    },
    async stop() {
      stopping.abort();
      if (timer) clearInterval(timer);
      await starting;
      await driver?.stop();
      await ledger;
    },
  };
}
