import { type Batch, packStatus, qualityCode } from '@luban/contracts';

/** The walk that all rows store: series that move by up to ±0.10 each second, read 0–50 ms late. */
export interface Walk {
  readonly series: readonly number[];
  /** Source time of step 0, µs since 1970 UTC. */
  readonly startUs: number;
  readonly firstStep: number;
  /** Of a second when left out. */
  readonly stepMs?: number;
  /** A sample is read up to so much after its step; 50 when left out. */
  readonly jitterMs?: number;
  /** Of so many samples one moves, the others repeat what stood there; 1 when left out. */
  readonly stillness?: number;
}

export interface StoredWalk {
  readonly series: readonly number[];
  /** Source time after the last sample of the walk, µs. */
  readonly beforeUs: number;
}

/** Gives the samples of a walk one after another, step by step and in a step series by series. */
export function createWalker(walk: Walk) {
  const { series, startUs, firstStep, stepMs = 1000, jitterMs = 50, stillness = 1 } = walk;
  const random = createRandom(series[0]! * 65_537 + firstStep + 1);
  const hundredths = series.map(() => 2000 + Math.floor(random() * 6000));
  /** Of each series, the source time of the last sample given; 0 before the first. */
  const lastUs = series.map(() => 0);
  const status = packStatus(qualityCode('good'), true, 'number');
  let step = firstStep;
  let at = 0;

  function next(count: number, sequence: number): Batch {
    const batch = {
      count,
      sequence,
      backlog: false,
      series: new Uint32Array(count),
      time: new Float64Array(count),
      value: new Float64Array(count),
      status: new Uint16Array(count).fill(status),
      texts: [],
    };
    for (let i = 0; i < count; i++) {
      const timeUs = startUs + step * stepMs * 1000 + Math.floor(random() * (jitterMs + 1)) * 1000;
      if (stillness === 1 || random() * stillness < 1) hundredths[at]! += Math.floor(random() * 21) - 10;
      lastUs[at] = timeUs;
      batch.series[i] = series[at]!;
      batch.time[i] = timeUs;
      batch.value[i] = hundredths[at]! / 100;
      at++;
      if (at === series.length) {
        at = 0;
        step++;
      }
    }
    return batch;
  }
  return { next, lastUs };
}

/** Mulberry32: the same walk at every run. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
