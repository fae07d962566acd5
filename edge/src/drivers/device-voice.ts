import { type Cause, type CollectedPoint, qualityClass } from '@luban/contracts';
import { asDeviceFault, causeOf, type DeviceFault } from './device-fault.ts';
import type { DriverHost, DriverStatus, Reading } from './driver.ts';

/** What a driver says of its device: readings, state and events, each thing once. */
export interface DeviceVoice {
  status(state: DriverStatus['state'], cause: Cause | null): void;
  /** Hands readings on; a bad point is told once, until it is good again or bad for another reason. */
  deliver(readings: readonly Reading[]): Promise<void>;
  /** The device is gone: offline, and one bad reading for each point, however often it is said until it answers. */
  silence(fault: DeviceFault): Promise<void>;
  /** How many points are bad by their last reading. */
  badPoints(): number;
}

export function createDeviceVoice(host: DriverHost, points: readonly CollectedPoint[]): DeviceVoice {
  const badBySeries = new Map<number, number>();
  let last: DriverStatus | null = null;
  let silent = false;

  const status: DeviceVoice['status'] = (state, cause) => {
    if (last?.state === state && last.cause?.code === cause?.code && last.cause?.text.en === cause?.text.en) return;
    last = { state, sinceMs: last?.state === state ? last.sinceMs : host.now(), cause };
    host.status(last);
  };

  const hand = async (readings: Reading[]) => {
    if (readings.length === 0) return;
    try {
      await host.sink(readings);
    } catch (error) {
      const why = asDeviceFault(error).message;
      const text = { zh: `读数未能继续传递：${why}`, en: `Readings could not be handed on: ${why}` };
      host.event('error', causeOf('driver.sink-failed', text));
    }
  };

  return {
    status,
    async deliver(readings) {
      if (readings.length > 0) silent = false;
      const news: Reading[] = [];
      for (const reading of readings) {
        const series = reading.point.series;
        if (qualityClass(reading.quality) === 'bad') {
          if (badBySeries.get(series) === reading.quality) continue;
          badBySeries.set(series, reading.quality);
        } else if (badBySeries.size > 0) badBySeries.delete(series);
        news.push(reading);
      }
      await hand(news);
    },
    async silence(fault) {
      status('offline', fault.why);
      if (silent) return;
      silent = true;
      const timeUs = host.now() * 1000;
      const readings = points.map((point) => ({ point, value: null, quality: fault.quality, timeUs }));
      for (const { series } of points) badBySeries.set(series, fault.quality);
      await hand(readings);
    },
    badPoints: () => badBySeries.size,
  };
}
