import type { StoredSample } from './stored-sample.ts';

/** One question for the samples of one series in [fromUs, toUs), oldest first, at most `limit`. */
export type ReadPage = (
  fromUs: number,
  toUs: number,
  limit: number,
) => Promise<{ samples: readonly StoredSample[]; more: boolean }>;

const pageRows = 20_000;
const firstWindowUs = 3_600_000_000;

/**
 * All samples of a range, page by page, in bounded memory. Each question covers a window of time and not the whole rest,
 * which the store would sort anew for every page; the window follows the density of the samples. Behind `fewAfterUs` lie
 * only samples of clocks that were ahead: those are one window.
 */
export async function* scanSeries(
  read: ReadPage,
  fromUs: number,
  toUs: number,
  signal?: AbortSignal,
  fewAfterUs = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly StoredSample[]> {
  let windowUs = firstWindowUs;
  for (let at = fromUs; at < toUs; ) {
    signal?.throwIfAborted();
    const until = at > fewAfterUs ? toUs : Math.min(toUs, at + windowUs);
    const { samples, more } = await read(at, until, pageRows);
    if (samples.length > 0) yield samples;
    if (more) {
      at = samples[samples.length - 1]!.timeUs + 1;
      windowUs = Math.max(1000, Math.floor(windowUs / 2));
    } else {
      at = until;
      if (samples.length < pageRows / 4) windowUs *= 4;
    }
  }
}

/** Farther back no value is taken to hold. */
const farthestBackUs = 30 * 86_400_000_000;

/**
 * What is known at `atUs` from the samples before it: the newest that `holds`, the first after that one and the newest
 * of all, oldest first and each once. Looked for in windows that grow, so that dense series are not read for long and
 * rare ones are found; at most thirty days back.
 */
export async function samplesBefore(
  read: ReadPage,
  atUs: number,
  holds: (sample: StoredSample) => boolean,
): Promise<readonly StoredSample[]> {
  for (let windowUs = 1_000_000; ; windowUs *= 8) {
    const fromUs = Math.max(0, atUs - Math.min(windowUs, farthestBackUs));
    let holding: StoredSample | undefined;
    let next: StoredSample | undefined;
    let newest: StoredSample | undefined;
    for await (const page of scanSeries(read, fromUs, atUs)) {
      for (const sample of page) {
        if (holds(sample)) {
          holding = sample;
          next = undefined;
        } else next ??= sample;
        newest = sample;
      }
    }
    if (holding !== undefined || fromUs === 0 || windowUs >= farthestBackUs)
      return [...new Set([holding, next, newest])].filter((sample) => sample !== undefined);
  }
}
