/** What the explorer's address says about time. `last` wins; neither means the last hour. */
export interface RangeSearch {
  last?: string;
  from?: string;
  to?: string;
}
export type TimeRange = { kind: 'last'; last: Last } | { kind: 'fixed'; fromMs: number; toMs: number };

export const lasts = {
  '5m': 300,
  '15m': 900,
  '1h': 3600,
  '6h': 21_600,
  '24h': 86_400,
  '7d': 604_800,
  '30d': 2_592_000,
  '1y': 31_536_000,
};
export type Last = keyof typeof lasts;

export function isLast(text: string | undefined): text is Last {
  return text !== undefined && Object.hasOwn(lasts, text);
}

export function parseRange(search: RangeSearch): TimeRange {
  if (isLast(search.last)) return { kind: 'last', last: search.last };
  const fromMs = Date.parse(search.from ?? '');
  const toMs = Date.parse(search.to ?? '');
  if (Number.isFinite(fromMs) && Number.isFinite(toMs) && toMs > fromMs) return { kind: 'fixed', fromMs, toMs };
  return { kind: 'last', last: '1h' };
}

export function rangeSearch(range: TimeRange): { last?: string; from?: string; to?: string } {
  return range.kind === 'last'
    ? { last: range.last, from: undefined, to: undefined }
    : { last: undefined, from: iso(range.fromMs), to: iso(range.toMs) };
}
function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}

export interface Span {
  fromMs: number;
  toMs: number;
}
export function spanOf(range: TimeRange, nowMs: number): Span {
  return range.kind === 'last' ? { fromMs: nowMs - lasts[range.last] * 1000, toMs: nowMs } : range;
}

/** The same length, earlier (−1) or later (1) by half. */
export function shifted({ fromMs, toMs }: Span, direction: -1 | 1): TimeRange {
  const by = Math.round(((toMs - fromMs) / 2) * direction);
  return { kind: 'fixed', fromMs: fromMs + by, toMs: toMs + by };
}
/** Twice the length around the same middle, never into the future. */
export function widened({ fromMs, toMs }: Span, nowMs: number): TimeRange {
  const half = Math.round((toMs - fromMs) / 2);
  const end = Math.min(toMs + half, Math.max(nowMs, toMs));
  return { kind: 'fixed', fromMs: end - 4 * half, toMs: end };
}

/** How often a range that ends now is read again: about a pixel's worth of time. */
export function refreshMs(range: TimeRange): number | false {
  return range.kind === 'last' ? Math.min(60_000, Math.max(2000, (lasts[range.last] * 1000) / 600)) : false;
}

/** Series in an address: `3,17,20`; what is no series is left out, as is the second of two. */
export function parseSeries(text: string | undefined): number[] {
  const found = (text ?? '').split(',').map(Number);
  return [...new Set(found.filter((one) => Number.isInteger(one) && one > 0 && one <= 0xffff_ffff))];
}
