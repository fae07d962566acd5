import type { Language } from '@luban/contracts';

/** A length of time in the two largest parts that say something: 8 s · 2 min 10 s · 3 h 5 min · 4 d 2 h. */
export function formatDuration(durationMs: number, language: Language): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const [s, min, h, d] = language === 'zh' ? ['秒', '分', '小时', '天'] : ['s', 'min', 'h', 'd'];
  const two = (large: number, first: string | undefined, small: number, second: string | undefined) =>
    small === 0 ? `${large} ${first}` : `${large} ${first} ${small} ${second}`;
  if (seconds < 60) return `${seconds} ${s}`;
  if (seconds < 600) return two(Math.floor(seconds / 60), min, seconds % 60, s);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${min}`;
  if (seconds < 86_400) return two(Math.floor(seconds / 3600), h, Math.floor((seconds % 3600) / 60), min);
  return two(Math.floor(seconds / 86_400), d, Math.floor((seconds % 86_400) / 3600), h);
}

/** A short delay: 4 ms · 1.2 s · 3 min. */
export function formatLag(lagMs: number, language: Language): string {
  if (lagMs < 1000) return `${Math.round(lagMs)} ms`;
  if (lagMs < 10_000) return `${(lagMs / 1000).toFixed(1)} ${language === 'zh' ? '秒' : 's'}`;
  return formatDuration(lagMs, language);
}

const formats = new Map<string, Intl.DateTimeFormat>();
function parts(timeMs: number, zone: string): Record<string, string> {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'longOffset',
    });
    formats.set(zone, format);
  }
  const found: Record<string, string> = {};
  for (const part of format.formatToParts(timeMs)) found[part.type] = part.value;
  return found;
}

/** +08:00 of that zone at that time. */
export function zoneOffset(timeMs: number, zone: string): string {
  const name = parts(timeMs, zone).timeZoneName ?? 'GMT';
  return name === 'GMT' ? '+00:00' : name.slice(3);
}

/** hh:mm:ss in the plant's zone. */
export function formatClock(timeMs: number, zone: string): string {
  const p = parts(timeMs, zone);
  return `${p.hour}:${p.minute}:${p.second}`;
}
/** yyyy-mm-dd in the plant's zone. */
export function formatDate(timeMs: number, zone: string): string {
  const p = parts(timeMs, zone);
  return `${p.year}-${p.month}-${p.day}`;
}
/** The clock alone on the same day as `nowMs`, otherwise with the date. */
export function formatMoment(timeMs: number, zone: string, nowMs: number): string {
  const clock = formatClock(timeMs, zone);
  const date = formatDate(timeMs, zone);
  return date === formatDate(nowMs, zone) ? clock : `${date.slice(5)} ${clock}`;
}
/** All of it: 2026-11-22 18:03:12.450 +08:00. */
export function formatFull(timeMs: number, zone: string): string {
  const fraction = Math.floor(timeMs % 1000);
  const millis = fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`;
  return `${formatDate(timeMs, zone)} ${formatClock(timeMs, zone)}${millis} ${zoneOffset(timeMs, zone)}`;
}

/** What a `datetime-local` field shows for a time in a zone. */
export function toFieldTime(timeMs: number, zone: string): string {
  return `${formatDate(timeMs, zone)}T${formatClock(timeMs, zone)}`;
}
/** The time that a `datetime-local` field means in a zone, ms since 1970 UTC; null when it is no time. */
export function fromFieldTime(text: string, zone: string): number | null {
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc)) return null;
  // Twice, because the offset at the guess may differ from the one at the answer (daylight saving).
  let guess = asUtc - offsetMs(asUtc, zone);
  guess = asUtc - offsetMs(guess, zone);
  return guess;
}
function offsetMs(timeMs: number, zone: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(zoneOffset(timeMs, zone)) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
