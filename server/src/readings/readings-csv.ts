import type { Point, Reading, SampleValue } from '@luban/contracts';

/** ISO 8601 in a zone, with its offset and to the microsecond: `2026-11-22T18:00:00.000000+08:00`. */
export function createZonedTime(timeZone: string): (timeUs: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  return (timeUs) => {
    const parts = new Map(
      format.formatToParts(new Date(Math.floor(timeUs / 1000))).map(({ type, value }) => [type, value]),
    );
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
    const fraction = String(timeUs % 1_000_000).padStart(6, '0');
    const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
    return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}.${fraction}${offset}`;
  };
}

export const csvHeader = 'time,thing,property,value,unit,quality,reason,simulated\r\n';

export function csvLine(time: string, thing: string, point: Point, reading: Reading): string {
  const cells = [
    time,
    thing,
    point.key,
    valueText(reading.value),
    point.unit ?? '',
    reading.quality,
    reading.reason,
    String(reading.simulated),
  ];
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function valueText(value: SampleValue): string {
  return value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Quotes where RFC 4180 asks for it, and disarms text that a spreadsheet would run as a formula. */
function csvCell(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
