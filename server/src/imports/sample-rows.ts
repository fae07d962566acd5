import {
  type ImportError,
  type LocalText,
  type Point,
  type QualityReason,
  qualityCode,
  qualityReasons,
  type Sample,
  type SampleValue,
} from '@luban/contracts';
import { checkDepth } from '../platform/json.ts';
import type { CsvRow } from './csv-rows.ts';

type NamedPoint = Pick<Point, 'series' | 'type'>;

/** The point that a row names. */
export interface PointNames {
  bySeries(series: number): NamedPoint | undefined;
  /** Thing by its key or id, then the property. */
  byName(thing: string, property: string): NamedPoint | undefined;
}

export type RowOutcome = { readonly sample: Sample } | { readonly error: ImportError };

/** Samples before it are of clocks that were never set; the doors for live samples think so too. */
const leastTimeUs = 946_684_800_000_000;
const aDayUs = 86_400_000_000;
const isoTime = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)$/i;

const texts = {
  header: {
    zh: '表头须有 time 和 value，以及 series 或 thing、property 列',
    en: 'the header needs time and value, and series or thing and property',
  },
  time: {
    zh: '时间须带时区，例如 2026-11-22T18:00:00.5+08:00，或为 1970 年以来的微秒整数',
    en: 'a time needs its offset, as in 2026-11-22T18:00:00.5+08:00, or is whole µs since 1970',
  },
  timeRange: { zh: '时间早于 2000 年或晚于明天', en: 'the time is before 2000 or after tomorrow' },
  point: { zh: '没有这个点位', en: 'there is no such point' },
  number: { zh: '不是数值', en: 'is not a number' },
  boolean: { zh: '须为 true 或 false', en: 'must be true or false' },
  json: { zh: '不是有效的 JSON', en: 'is not valid JSON' },
  noValue: { zh: '没有值时质量须为坏', en: 'without a value the quality must be bad' },
  quality: { zh: '没有这种质量', en: 'there is no such quality' },
  cells: { zh: '列数与表头不同', en: 'has another number of cells than the header' },
} satisfies Record<string, LocalText>;

const columns = ['time', 'series', 'thing', 'property', 'value', 'quality', 'reason', 'simulated'] as const;
type Column = (typeof columns)[number];

/** Reads rows as `export.csv` writes them: `time`, the point by `series` or `thing` and `property`, `value`, quality. */
export function createSampleReader(header: CsvRow, names: PointNames, nowUs: number) {
  const places = new Map<Column, number>();
  header.cells.forEach((cell, i) => {
    const name = cell.trim().toLowerCase() as Column;
    if (columns.includes(name) && !places.has(name)) places.set(name, i);
  });
  const named = places.has('series') || (places.has('thing') && places.has('property'));
  if (!places.has('time') || !places.has('value') || !named) {
    const error: ImportError = { line: header.line, column: 'time', text: texts.header };
    return { error };
  }

  function read({ line, cells }: CsvRow): RowOutcome {
    const wrong = (column: Column, text: LocalText): RowOutcome => ({ error: { line, column, text } });
    const cell = (column: Column) => cells[places.get(column) ?? -1]?.trim() ?? '';
    if (cells.length !== header.cells.length) return wrong('time', texts.cells);
    const time = timeOf(cell('time'));
    if (time === undefined) return wrong('time', texts.time);
    if (time < leastTimeUs || time > nowUs + aDayUs) return wrong('time', texts.timeRange);
    const series = cell('series');
    const point = series === '' ? names.byName(cell('thing'), cell('property')) : names.bySeries(Number(series));
    if (point === undefined) return wrong(series === '' ? 'property' : 'series', texts.point);
    const reason = reasonOf(cell('reason') || cell('quality') || 'good');
    if (reason === undefined) return wrong(cell('reason') === '' ? 'quality' : 'reason', texts.quality);
    const quality = qualityCode(reason);
    const value = valueIn(cells[places.get('value')!]!, point);
    if (value === undefined) return wrong('value', texts[point.type === 'string' ? 'json' : point.type]);
    if (value === null && quality < 0x80) return wrong('value', texts.noValue);
    return { sample: { series: point.series, time, value, quality, simulated: cell('simulated') === 'true' } };
  }
  return { read };
}

function reasonOf(text: string): QualityReason | undefined {
  return qualityReasons.find((one) => one.toLowerCase() === text.toLowerCase());
}

function timeOf(text: string): number | undefined {
  if (/^\d{15,17}$/.test(text)) return Number(text);
  const found = isoTime.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = found;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(ms);
  // 31 April would be 1 May.
  if (date.getUTCDate() !== Number(day) || date.getUTCHours() !== Number(hour) || Number(second) > 59) return undefined;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone!) ?? [];
  const offsetMs = sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return (ms - offsetMs) * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/** Undefined: not a value of this point's type. An empty cell is no value, but for a text the empty one. */
function valueIn(cell: string, point: NamedPoint): SampleValue | undefined {
  // The export disarms what a spreadsheet would run as a formula.
  if (point.type === 'string') return /^'([=+@\t\r]|-(?![\d.]))/.test(cell) ? cell.slice(1) : cell;
  const text = cell.trim();
  if (text === '') return null;
  switch (point.type) {
    case 'number': {
      const number = Number(text);
      return Number.isFinite(number) ? number : undefined;
    }
    case 'boolean':
      if (/^(true|1)$/i.test(text)) return true;
      return /^(false|0)$/i.test(text) ? false : undefined;
    case 'json':
      try {
        checkDepth(text);
        return JSON.parse(text) as SampleValue;
      } catch (error) {
        if (error instanceof SyntaxError) return undefined;
        throw error;
      }
  }
}
