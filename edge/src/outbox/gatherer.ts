import type { DeviceId, Sample } from '@luban/contracts';

export type Groups = Map<DeviceId, Sample[]>;

const gatherMs = 250;
const gatherSamples = 500;
/** More than this in one batch gains nothing and delays the acknowledgement. */
const maxSamples = 5000;
/** Above it the drivers are asked to wait. */
const highWater = 20_000;
const lowWater = 10_000;
/** Above it, while the disk takes nothing, the newest samples are refused. */
const memoryLimit = 200_000;

/**
 * Gathers samples up to 250 ms or 500 samples, then stores them; while one store is under way the next batch grows, so
 * a slow disk makes larger batches. Order is kept for each device. `store` must not give up.
 */
export function createGatherer(options: {
  /** `sinceMs` is when the oldest of them was put. */
  store(groups: Groups, sinceMs: number): Promise<void>;
  onOverflow(device: DeviceId, samples: readonly Sample[]): void;
  now(): number;
}): {
  put(device: DeviceId, samples: readonly Sample[]): void | Promise<void>;
  /** Samples that are not stored yet. */
  readonly waiting: number;
  stop(): Promise<void>;
} {
  const groups: Groups = new Map();
  let waiting = 0;
  let underWay = 0;
  let sinceMs = 0;
  let timer: NodeJS.Timeout | null = null;
  let storing: Promise<void> | null = null;
  let failure: unknown = null;
  let stopped = false;
  let room: { promise: Promise<void>; resolve(): void } | null = null;

  function put(device: DeviceId, samples: readonly Sample[]): void | Promise<void> {
    if (waiting + samples.length > memoryLimit || stopped) {
      options.onOverflow(device, samples);
      return;
    }
    if (waiting === 0) sinceMs = options.now();
    const group = groups.get(device);
    if (group) for (const sample of samples) group.push(sample);
    else groups.set(device, [...samples]);
    waiting += samples.length;
    if (waiting >= gatherSamples) storeNow();
    else timer ??= setTimeout(storeNow, gatherMs);
    if (waiting < highWater) return;
    room ??= newRoom();
    return room.promise;
  }

  function storeNow(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    if (waiting === 0) return;
    storing ??= storeAll().finally(() => {
      storing = null;
      if (failure === null && waiting >= gatherSamples) storeNow();
      else if (failure === null && waiting > 0 && !stopped) timer ??= setTimeout(storeNow, gatherMs);
    });
  }

  async function storeAll(): Promise<void> {
    try {
      do {
        const taken = take();
        await options.store(taken, sinceMs);
        underWay = 0;
        if (waiting < lowWater) {
          room?.resolve();
          room = null;
        }
      } while (waiting >= gatherSamples);
    } catch (error) {
      failure = error;
    }
  }

  function take(): Groups {
    const taken: Groups = new Map();
    let left = maxSamples;
    for (const [device, samples] of groups) {
      if (samples.length <= left) {
        taken.set(device, samples);
        groups.delete(device);
        left -= samples.length;
      } else {
        taken.set(device, samples.splice(0, left));
        left = 0;
      }
      if (left === 0) break;
    }
    underWay = maxSamples - left;
    waiting -= underWay;
    return taken;
  }

  return {
    put,
    get waiting() {
      return waiting + underWay;
    },
    async stop() {
      stopped = true;
      while (failure === null && (storing !== null || waiting > 0)) {
        if (storing === null) storeNow();
        await storing;
      }
      if (timer) clearTimeout(timer);
      room?.resolve();
      if (failure !== null) throw failure;
    },
  };
}

function newRoom(): { promise: Promise<void>; resolve(): void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
