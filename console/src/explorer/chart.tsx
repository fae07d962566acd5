import { LineChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, ToolboxComponent, TooltipComponent } from 'echarts/components';
import { type EChartsType, init, use as register } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import { useZone } from '../design/moment.tsx';
import { palettes, useTheme } from '../design/theme.tsx';
import { explorerTexts as texts } from '../language/explorer-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { type ChartRow, chartOption, plantShiftMs } from './chart-option.ts';
import type { Span } from './time-range.ts';

register([LineChart, GridComponent, MarkAreaComponent, ToolboxComponent, TooltipComponent, CanvasRenderer]);

interface Given {
  rows: readonly ChartRow[];
  span: Span;
  height: number;
  zoomTo?: (span: Span) => void;
  zoomOut?: () => void;
}

/** Lines over time. Dragging zooms in; arrow keys move the reading line. */
export function Chart({ rows, span, height, zoomTo, zoomOut }: Given) {
  const t = useText();
  const { language } = useLanguage();
  const { name } = useTheme();
  const zone = useZone();
  const box = useRef<HTMLElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const cursor = useRef<number | null>(null);
  const zoom = useRef(zoomTo);
  zoom.current = zoomTo;
  const shift = useRef(0);
  shift.current = plantShiftMs(span.toMs, zone);

  useEffect(() => {
    if (box.current === null) return;
    const made = init(box.current);
    chart.current = made;
    made.on('datazoom', (event) => {
      const { batch } = event as { batch?: { startValue?: number; endValue?: number }[] };
      const found = batch?.[0];
      if (found?.startValue === undefined || found.endValue === undefined) return;
      const [fromMs, toMs] = [Math.round(found.startValue - shift.current), Math.round(found.endValue - shift.current)];
      if (toMs - fromMs >= 1000) zoom.current?.({ fromMs, toMs });
    });
    const watcher = new ResizeObserver(() => made.resize());
    watcher.observe(box.current);
    return () => {
      watcher.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    const made = chart.current;
    if (made === null) return;
    const narrow = made.getWidth() < 560;
    made.setOption(
      chartOption(rows, span, {
        palette: palettes[name],
        language,
        zone,
        narrow,
        font: getComputedStyle(document.body).fontFamily,
      }),
      { notMerge: true },
    );
    // On a touch screen a drag scrolls the page.
    const drag = zoom.current !== undefined && matchMedia('(pointer: fine)').matches;
    if (drag) made.dispatchAction({ type: 'takeGlobalCursor', key: 'dataZoomSelect', dataZoomSelectActive: true });
  }, [rows, span, name, language, zone]);

  const onKey = (event: KeyboardEvent) => {
    const made = chart.current;
    if (made === null) return;
    const length = span.toMs - span.fromMs;
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const by = (event.key === 'ArrowLeft' ? -1 : 1) * (length / (event.shiftKey ? 20 : 200));
      const at = Math.min(span.toMs, Math.max(span.fromMs, (cursor.current ?? span.toMs) + by));
      cursor.current = at;
      const x = made.convertToPixel({ xAxisIndex: 0 }, at + shift.current);
      made.dispatchAction({ type: 'showTip', x, y: made.getHeight() / 2 });
    } else if (event.key === '+' || event.key === '=') {
      const middle = cursor.current ?? (span.fromMs + span.toMs) / 2;
      const half = length / 4;
      zoomTo?.({
        fromMs: Math.round(Math.max(span.fromMs, middle - half)),
        toMs: Math.round(Math.min(span.toMs, middle + half)),
      });
    } else if (event.key === '-') zoomOut?.();
    else return;
    event.preventDefault();
  };
  return (
    <section
      ref={box}
      aria-label={t(texts.chartLabel)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys read the chart
      tabIndex={0}
      onKeyDown={onKey}
      className="live"
      style={{ height, width: '100%' }}
    />
  );
}
