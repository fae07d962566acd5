import { type Language, qualityText } from '@luban/contracts';
import type { LineSeriesOption } from 'echarts/charts';
import type {
  GridComponentOption,
  MarkAreaComponentOption,
  ToolboxComponentOption,
  TooltipComponentOption,
} from 'echarts/components';
import type { ComposeOption } from 'echarts/core';
import type { ListedPoint } from '../api/api-types.ts';
import { formatNumber } from '../design/format-number.ts';
import { formatClock, formatDate, zoneOffset } from '../design/format-time.ts';
import type { palettes } from '../design/theme.tsx';
import { unitSymbol } from '../design/value.tsx';
import type { Span } from './time-range.ts';
import { entryAt, isStepped, type Trace } from './trace.ts';

export type ChartOption = ComposeOption<
  LineSeriesOption | GridComponentOption | MarkAreaComponentOption | ToolboxComponentOption | TooltipComponentOption
>;
export interface ChartRow {
  point: ListedPoint;
  trace: Trace;
  color: string;
}
interface Look {
  palette: (typeof palettes)['light'] | (typeof palettes)['dark'];
  language: Language;
  zone: string;
  narrow: boolean;
  font: string;
}

const gridTop = 34;

/** Rows → what ECharts draws: an axis a unit, lines with breaks, bands and shaded spans. */
export function chartOption(rows: readonly ChartRow[], span: Span, look: Look): ChartOption {
  const { palette, zone, narrow } = look;
  // ECharts places ticks in UTC; shifted by the plant's offset they fall on the plant's hours.
  const shiftMs = plantShiftMs(span.toMs, zone);
  const axes = axesOf(rows);
  const many = rows.length > 6;
  return {
    useUTC: true,
    textStyle: { fontFamily: look.font },
    animation: false,
    grid: {
      left: 12,
      right: 12,
      top: gridTop,
      bottom: 8,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    toolbox: {
      itemSize: 0,
      feature: {
        dataZoom: { yAxisIndex: 'none', icon: { zoom: 'path://', back: 'path://' }, title: { zoom: '', back: '' } },
      },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      transitionDuration: 0,
      axisPointer: { type: 'line', lineStyle: { color: palette.text3, width: 1, type: 'solid' } },
      backgroundColor: palette.raised,
      borderColor: palette.lineStrong,
      padding: 10,
      textStyle: { color: palette.text, fontSize: 12, fontFamily: look.font },
      formatter: (given: unknown) => {
        const first = (Array.isArray(given) ? given[0] : given) as { axisValue?: number } | undefined;
        return first?.axisValue === undefined ? '' : readout(rows, first.axisValue - shiftMs, span, look);
      },
    },
    xAxis: {
      type: 'time',
      min: span.fromMs + shiftMs,
      max: span.toMs + shiftMs,
      splitNumber: narrow ? 3 : 8,
      axisLine: { lineStyle: { color: palette.lineStrong } },
      axisTick: { show: false },
      axisLabel: {
        color: palette.text3,
        hideOverlap: true,
        formatter: (timeMs: number) => tick(timeMs, span.toMs - span.fromMs),
      },
      splitLine: { show: false },
    },
    yAxis: axes.map((axis, i) => ({
      type: 'value',
      scale: !axis.boolean,
      // There is nothing between two states.
      minInterval: axis.states ? 1 : undefined,
      min: axis.boolean ? 0 : undefined,
      // On and off run along the bottom, below the measured values.
      max: axis.boolean ? 9 : undefined,
      name: axis.symbol,
      nameGap: 12,
      nameTextStyle: { color: palette.text3, align: i === 0 ? 'left' : 'right' },
      position: i === 0 ? 'left' : 'right',
      offset: i < 2 ? 0 : (i - 1) * 52,
      show: !axis.boolean && !(narrow && i > 1),
      axisLabel: {
        color: palette.text3,
        formatter: short,
      },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: i === 0, lineStyle: { color: palette.line } },
    })),
    series: rows.flatMap((row, at): LineSeriesOption[] => {
      const { trace, point, color } = row;
      const yAxisIndex = axes.findIndex((axis) => axis.key === axisKey(point));
      const lone = trace.line.filter((entry) => entry.value !== null).length < 30;
      const line: LineSeriesOption = {
        id: `${point.series}`,
        type: 'line',
        yAxisIndex,
        step: isStepped(point, trace) ? 'end' : false,
        data: trace.line.map((entry) => [entry.timeMs + shiftMs, entry.value]),
        connectNulls: false,
        showSymbol: lone,
        symbolSize: 4,
        lineStyle: { width: 1.6, color },
        itemStyle: { color },
        emphasis: { disabled: true },
        z: 3,
        markArea: {
          silent: true,
          data: trace.spans.flatMap(({ fromMs, toMs, quality }) => {
            const [from, to] = [Math.max(fromMs, span.fromMs) + shiftMs, Math.min(toMs, span.toMs) + shiftMs];
            const tint = quality === 'bad' ? palette.broken : palette.warning;
            // The tint says that something is wrong, the strip on top of it which line.
            const strip = gridTop + 3 + 5 * at;
            // A line that is bad nearly all the time would paint the others red.
            const whole = rows.length > 1 && to - from > 0.8 * (span.toMs - span.fromMs);
            return [
              [{ xAxis: from, itemStyle: { color: tint, opacity: whole ? 0 : 0.12 } }, { xAxis: to }],
              [
                { xAxis: from, y: strip, itemStyle: { color, opacity: 1 } },
                { xAxis: to, y: strip + 3 },
              ],
            ];
          }),
        },
      };
      if (trace.band === null || many) return [line];
      const band = (
        id: string,
        value: (entry: (typeof trace.band & object)[number]) => number | null,
        fill: boolean,
      ): LineSeriesOption => ({
        id: `${point.series}-${id}`,
        type: 'line',
        yAxisIndex,
        stack: `band-${point.series}`,
        stackStrategy: 'all',
        data: (trace.band ?? []).map((entry) => [entry.timeMs + shiftMs, value(entry)]),
        showSymbol: false,
        silent: true,
        lineStyle: { width: 0 },
        emphasis: { disabled: true },
        areaStyle: fill ? { color, opacity: 0.16 } : undefined,
        itemStyle: { color: 'transparent' },
        z: 2,
      });
      return [
        band('low', (entry) => entry.min, false),
        band('high', (entry) => (entry.min === null || entry.max === null ? null : entry.max - entry.min), true),
        line,
      ];
    }),
  };
}

export function plantShiftMs(timeMs: number, zone: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(zoneOffset(timeMs, zone)) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function axisKey(point: ListedPoint): string {
  return point.type === 'boolean' ? 'boolean' : (point.unit ?? '1');
}
function axesOf(rows: readonly ChartRow[]) {
  const axes: { key: string; symbol: string; boolean: boolean; states: boolean }[] = [];
  for (const { point, trace } of rows) {
    const key = axisKey(point);
    const states = isStepped(point, trace);
    const known = axes.find((axis) => axis.key === key);
    if (known === undefined) axes.push({ key, symbol: unitSymbol(point.unit), boolean: key === 'boolean', states });
    else known.states &&= states;
  }
  axes.sort((a, b) => Number(a.boolean) - Number(b.boolean));
  return axes.length === 0 ? [{ key: '1', symbol: '', boolean: false, states: false }] : axes;
}

function tick(shiftedMs: number, lengthMs: number): string {
  const text = new Date(shiftedMs).toISOString();
  if (shiftedMs % 86_400_000 === 0) return text.slice(5, 10);
  return lengthMs <= 15 * 60_000 && shiftedMs % 60_000 !== 0 ? text.slice(11, 19) : text.slice(11, 16);
}
function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return value.toExponential(1);
  return String(Number(value.toPrecision(6))).replace('-', '−');
}

/** What every line reads at one time, as HTML; names are users' words and so escaped. */
function readout(rows: readonly ChartRow[], timeMs: number, span: Span, look: Look): string {
  const reachMs = (span.toMs - span.fromMs) / 150;
  const lines = rows.map(({ point, trace, color }) => {
    const entry = entryAt(trace, timeMs, Math.max(reachMs, trace.widthMs ?? 0));
    const found = entry?.value ?? null;
    const ill = trace.spans.find((one) => one.fromMs <= timeMs && timeMs <= one.toMs);
    const text =
      entry?.text ??
      (found === null
        ? ill === undefined
          ? '—'
          : qualityText(ill.quality)[look.language]
        : point.type === 'boolean'
          ? String(found)
          : `${formatNumber(found, point.decimals)} ${unitSymbol(point.unit)}`);
    return `<tr><td style="padding-right:6px"><i style="display:inline-block;width:8px;height:8px;border-radius:2px;background:${color}"></i></td><td style="padding-right:18px">${escapeHtml(`${point.thingName} · ${point.name[look.language]}`)}</td><td style="text-align:right;font-variant-numeric:tabular-nums;font-weight:600">${escapeHtml(text.trim())}</td></tr>`;
  });
  const head = `${formatDate(timeMs, look.zone)} ${formatClock(timeMs, look.zone)} ${zoneOffset(timeMs, look.zone)}`;
  return `<div style="color:${look.palette.text3};margin-bottom:6px;font-variant-numeric:tabular-nums">${head}</div><table style="border-spacing:0 2px">${lines.join('')}</table>`;
}
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
