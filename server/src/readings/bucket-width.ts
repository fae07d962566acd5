const minuteUs = 60_000_000;
const hourUs = 3_600_000_000;

/**
 * How wide buckets are for a span that was asked for in buckets of `exactUs`: whole minutes from two minutes on and whole
 * hours from six hours on, because those are summed up already; and never narrower than what is kept of the time that
 * far back.
 */
export function bucketWidthUs(
  exactUs: number,
  fromUs: number,
  kept: readonly { samplesUs: number; minutesUs: number }[],
): number {
  const onlyHours = kept.some(({ minutesUs }) => fromUs < minutesUs);
  const onlySums = kept.some(({ samplesUs }) => fromUs < samplesUs);
  const stepUs = onlyHours || exactUs >= 6 * hourUs ? hourUs : onlySums || exactUs >= 2 * minuteUs ? minuteUs : 1;
  return Math.max(1, Math.ceil(exactUs / stepUs)) * stepUs;
}
