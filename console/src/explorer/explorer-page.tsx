import { CloseOutlined, DownloadOutlined, LineChartOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Button, Select, Tooltip } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import type { ListedPoint } from '../api/api-types.ts';
import { live } from '../api/live.ts';
import { meQuery, pointsOfSeriesQuery } from '../api/queries.ts';
import { apiAddress } from '../api/request.ts';
import { formatCount, formatNumber } from '../design/format-number.ts';
import { useZone } from '../design/moment.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { unitSymbol } from '../design/value.tsx';
import { lineTexts, explorerTexts as texts } from '../language/explorer-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import type { ChartRow } from './chart-option.ts';
import { DeleteHistory } from './delete-history.tsx';
import { HistoryChart, useHistory } from './history-chart.tsx';
import { type LineKind, lineKinds, lineSearch, parseLine } from './line-kind.ts';
import { PointPicker } from './point-picker.tsx';
import { RangeBar } from './range-bar.tsx';
import { parseRange, parseSeries, rangeSearch, type TimeRange, widened } from './time-range.ts';
import { summary } from './trace.ts';

const none: ListedPoint[] = [];

/** Many points on one time axis. The address holds everything. */
export function ExplorerPage() {
  const t = useText();
  const zone = useZone();
  const search = useSearch({ from: '/inside/explorer' });
  const navigate = useNavigate();
  const series = useMemo(() => parseSeries(search.series), [search.series]);
  const { last, from, to } = search;
  const line = parseLine(search.line);
  const mayDelete = useQuery(meQuery).data?.permissions.includes('readings.delete') === true;
  const range = useMemo(() => parseRange({ last, from, to }), [last, from, to]);
  const [picking, setPicking] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const points = useQuery({
    ...pointsOfSeriesQuery(series),
    enabled: series.length > 0,
    placeholderData: (before) => before,
  });
  const chosen = useMemo(
    () => (points.data ?? none).filter((point) => series.includes(point.series)),
    [points.data, series],
  );
  const history = useHistory(chosen, range, line);
  const span = history.span ?? { fromMs: live.nowMs() - 3_600_000, toMs: live.nowMs() };

  const go = (next: { series?: readonly number[]; range?: TimeRange; line?: LineKind }, replace = false) =>
    void navigate({
      to: '/explorer',
      search: {
        series: (next.series ?? series).join(',') || undefined,
        ...rangeSearch(next.range ?? range),
        line: lineSearch(next.line ?? line),
      },
      replace,
    });
  useEffect(() => {
    // The address says what is seen, also when it was the default.
    if (search.last === undefined && search.from === undefined)
      void navigate({ to: '/explorer', search: { ...search, last: '1h' }, replace: true });
  }, [search, navigate]);

  const csv = apiAddress('/readings/export.csv', {
    series: series.join(','),
    from: Math.floor(span.fromMs * 1000),
    to: Math.ceil(span.toMs * 1000),
    zone,
  });
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
        <div className="actions">
          <Button
            icon={<PlusOutlined />}
            type={series.length === 0 ? 'primary' : 'default'}
            onClick={() => setPicking(true)}
          >
            {t(texts.add)}
          </Button>
          <Tooltip title={t(texts.csvHint)}>
            <Button icon={<DownloadOutlined />} href={csv} download disabled={series.length === 0}>
              {t(texts.csv)}
            </Button>
          </Tooltip>
          {mayDelete && <DeleteHistory series={series} span={span} />}
        </div>
      </div>
      <div className="explorer-bar">
        <RangeBar range={range} span={span} choose={(next) => go({ range: next })} />
        <Select
          value={line}
          onChange={(next) => go({ line: next })}
          options={lineKinds.map((value) => ({ value, label: t(lineTexts[value]) }))}
          aria-label={t(texts.line)}
          popupMatchSelectWidth={false}
        />
      </div>
      <section className="panel">
        {series.length === 0 ? (
          <EmptyState icon={<LineChartOutlined />} title={t(texts.empty)} text={t(texts.emptyText)}>
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setPicking(true)}>
              {t(texts.add)}
            </Button>
          </EmptyState>
        ) : points.isError ? (
          <ErrorState error={points.error} retry={() => void points.refetch()} />
        ) : points.isPending ? (
          <LoadingState rows={10} />
        ) : (
          <HistoryChart
            history={history}
            hidden={hidden}
            height={Math.max(300, Math.min(480, window.innerHeight - 420))}
            zoomTo={(next) => go({ range: { kind: 'fixed', ...next } })}
            zoomOut={() => go({ range: widened(span, live.nowMs()) })}
          />
        )}
      </section>
      {history.rows.length > 0 && series.length > 0 && (
        <Legend
          rows={history.rows}
          hidden={hidden}
          toggle={(one) =>
            setHidden((before) => {
              const next = new Set(before);
              if (!next.delete(one)) next.add(one);
              return next;
            })
          }
          remove={(one) => go({ series: series.filter((other) => other !== one) })}
        />
      )}
      <PointPicker
        open={picking}
        close={() => setPicking(false)}
        chosen={series}
        choose={(next) => go({ series: next }, true)}
      />
    </div>
  );
}

interface LegendGiven {
  rows: readonly ChartRow[];
  hidden: ReadonlySet<number>;
  toggle: (series: number) => void;
  remove: (series: number) => void;
}
function Legend({ rows, hidden, toggle, remove }: LegendGiven) {
  const t = useText();
  const { language } = useLanguage();
  return (
    <section className="panel table-scroll">
      <table className="table legend">
        <thead>
          <tr>
            <th>{t(texts.point)}</th>
            {[texts.last, texts.min, texts.max, texts.mean, texts.samples, texts.bad, texts.gaps].map((text) => (
              <th key={text.en} className="right">
                {t(text)}
              </th>
            ))}
            <th>
              <span className="visually-hidden">{t(texts.removePoint)}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ point, trace, color }) => {
            const s = summary(trace);
            const number = (value: number | null) =>
              value === null || point.type !== 'number' ? '—' : formatNumber(value, point.decimals ?? null);
            const off = hidden.has(point.series);
            return (
              <tr key={point.series}>
                <td style={{ maxWidth: 380, minWidth: 190 }}>
                  <span className="row">
                    <button
                      type="button"
                      className={`color-toggle${off ? ' off' : ''}`}
                      aria-pressed={!off}
                      title={t(texts.hide)}
                      onClick={() => toggle(point.series)}
                    >
                      <i style={{ ['--line-color' as string]: color }} />
                      <span className="clip">
                        {point.name[language]} <span className="quiet">{unitSymbol(point.unit)}</span>
                      </span>
                    </button>
                    <Link className="quiet clip" to="/things/$id" params={{ id: point.thing }}>
                      {point.thingName}
                    </Link>
                  </span>
                </td>
                <td className="right num live">
                  {point.type === 'string' ? (trace.line.at(-1)?.text ?? '—') : number(s.last)}
                </td>
                <td className="right num">{number(s.min)}</td>
                <td className="right num">{number(s.max)}</td>
                <td className="right num">{number(s.mean)}</td>
                <td className="right num">{formatCount(trace.count, language)}</td>
                <td className="right num" style={trace.badCount > 0 ? { color: 'var(--broken)' } : undefined}>
                  {formatCount(trace.badCount, language)}
                </td>
                <td className="right num">{trace.gaps.length}</td>
                <td className="right">
                  <Button
                    type="text"
                    size="small"
                    icon={<CloseOutlined />}
                    aria-label={`${t(texts.removePoint)}: ${point.name[language]}`}
                    onClick={() => remove(point.series)}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
