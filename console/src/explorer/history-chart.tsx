import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import type { ListedPoint } from '../api/api-types.ts';
import { live } from '../api/live.ts';
import { formatLag } from '../design/format-time.ts';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { palettes, useTheme } from '../design/theme.tsx';
import { lineTexts, explorerTexts as texts } from '../language/explorer-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import type { ChartRow } from './chart-option.ts';
import type { LineKind } from './line-kind.ts';
import { readTraces } from './read-traces.ts';
import { refreshMs, type Span, spanOf, type TimeRange } from './time-range.ts';
import './explorer.css';

const Chart = lazy(() => import('./chart.tsx').then(({ Chart: chart }) => ({ default: chart })));

/** History of points over a range: rows for a chart and a table, read again while the range ends now. */
export function useHistory(points: readonly ListedPoint[], range: TimeRange, line: LineKind = 'timeMean') {
  const { name } = useTheme();
  const series = points.map((point) => point.series).join(',');
  const query = useQuery({
    queryKey: ['history', series, range, line],
    queryFn: async ({ signal }) => {
      const nowMs = live.nowMs();
      const span = spanOf(range, nowMs);
      return { span, traces: await readTraces(points, span, nowMs, signal, line) };
    },
    enabled: points.length > 0,
    refetchInterval: refreshMs(range),
    placeholderData: keepPreviousData,
    staleTime: 1000,
  });
  const traces = query.data?.traces;
  const rows = useMemo<ChartRow[]>(() => {
    const colors = palettes[name].series;
    return points.flatMap((point, i) => {
      const trace = traces?.get(point.series);
      const shown =
        line === 'percentGood' ? { ...point, type: 'number' as const, unit: '%' as const, decimals: 1 } : point;
      return trace === undefined ? [] : [{ point: shown, trace, color: colors[i % colors.length] ?? '#888' }];
    });
  }, [points, traces, name, line]);
  return { query, rows, line, span: query.data?.span ?? null };
}

interface Given {
  history: ReturnType<typeof useHistory>;
  hidden?: ReadonlySet<number>;
  height?: number;
  zoomTo?: (span: Span) => void;
  zoomOut?: () => void;
}

export function HistoryChart({ history, hidden, height = 400, zoomTo, zoomOut }: Given) {
  const t = useText();
  const { language } = useLanguage();
  const { query, rows, span, line } = history;
  const shown = useMemo(
    () => (hidden === undefined ? rows : rows.filter((row) => !hidden.has(row.point.series))),
    [rows, hidden],
  );
  if (query.isError && query.data === undefined)
    return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  if (span === null) return <LoadingState rows={8} />;
  const widthMs = rows.find((row) => row.trace.widthMs !== null)?.trace.widthMs ?? null;
  const nothing = rows.length > 0 && rows.every((row) => row.trace.line.length === 0);
  return (
    <>
      <div className="chart-head">
        <span>
          {widthMs === null
            ? t(texts.raw)
            : line === 'timeMean'
              ? t(texts.buckets)(formatLag(widthMs, language))
              : t(texts.aggregated)(t(lineTexts[line]), formatLag(widthMs, language))}
        </span>
        <span className="key">
          <i className="swatch" />
          {t(texts.legendBad)}
        </span>
        <span>{t(texts.legendGap)}</span>
        {zoomTo !== undefined && matchMedia('(pointer: fine)').matches && <span>{t(texts.dragHint)}</span>}
      </div>
      <div className="chart-body">
        <Suspense fallback={<div style={{ height }} />}>
          <Chart rows={shown} span={span} height={height} zoomTo={zoomTo} zoomOut={zoomOut} />
        </Suspense>
        {nothing && (
          <div className="chart-over">
            <div style={{ textAlign: 'center' }}>
              <strong>{t(texts.noData)}</strong>
              <p className="second">{t(texts.noDataText)}</p>
            </div>
          </div>
        )}
      </div>
    </>
  );
}
