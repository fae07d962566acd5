import type { Language } from '@luban/contracts';

/**
 * A measured number as people read it: the point's own decimals, or as many as its size deserves. Fixed digits after
 * the point, so that a moving value does not jump about.
 */
export function formatNumber(value: number, decimals: number | null): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4) && decimals === null) return value.toExponential(3);
  const digits = decimals ?? (Number.isInteger(value) || size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4);
  const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return text.replace('-', '−').replace(/^−(0(?:\.0+)?)$/, '$1');
}

/** A count, short: 1,234 · 12.3 万 · 12.3 K. */
export function formatCount(value: number, language: Language): string {
  if (Math.abs(value) < 10_000) return Math.round(value).toLocaleString('en-US');
  if (language === 'zh') {
    return value < 99_995_000 ? `${threeDigits(value / 1e4)} 万` : `${threeDigits(value / 1e8)} 亿`;
  }
  if (value < 999_500) return `${threeDigits(value / 1e3)} K`;
  if (value < 999_500_000) return `${threeDigits(value / 1e6)} M`;
  return `${threeDigits(value / 1e9)} B`;
}

/** A rate per second: small ones keep a decimal, so that 0.4 is not nothing. */
export function formatRate(value: number, language: Language): string {
  return value > 0 && value < 10 ? value.toFixed(1) : formatCount(value, language);
}

const steps = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 999.5 && step < steps.length - 1) {
    value /= 1000;
    step++;
  }
  return `${step === 0 ? Math.round(value) : threeDigits(value)} ${steps[step]}`;
}

function threeDigits(value: number): string {
  return value >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}
