import { ClockCircleOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Input, Tooltip } from 'antd';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { ListedPoint } from '../api/api-types.ts';
import { live, useLiveness, useNowMs, useReading, useWatchedSeries } from '../api/live.ts';
import { latestOfThingQuery, readBuckets } from '../api/queries.ts';
import { formatDuration } from '../design/format-time.ts';
import { isStale, readingAgeMs } from '../design/freshness.ts';
import { Age } from '../design/moment.tsx';
import { QualityTag } from '../design/quality-tag.tsx';
import { Sparkline } from '../design/sparkline.tsx';
import { Value } from '../design/value.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { thingTexts as texts } from '../language/thing-texts.ts';

const pointsPerTrend = 40;
const trendMs = 15 * 60_000;

/** Every point of a thing with what it reads now. Each row listens to its own series alone. */
export function PointGrid({ thing, points }: { thing: string; points: readonly ListedPoint[] }) {
  const t = useText();
  const { language } = useLanguage();
  const [typed, setTyped] = useState('');
  const q = useDeferredValue(typed.trim().toLowerCase());
  const series = useMemo(() => points.map((point) => point.series), [points]);
  useWatchedSeries(series);
  const latest = useQuery(latestOfThingQuery(thing)).data;
  const [seeded, setSeeded] = useState(latest);
  useEffect(() => {
    for (const { series: one, reading } of latest?.items ?? []) if (reading !== null) live.put(one, reading);
    setSeeded(latest); // the counts above the rows count again
  }, [latest]);
  const shown = useMemo(
    () =>
      points
        .map((point, index) => ({ point, index }))
        .filter(({ point }) => `${point.name.zh} ${point.name.en} ${point.key}`.toLowerCase().includes(q)),
    [points, q],
  );
  const box = useRef<HTMLDivElement>(null);
  const narrow = matchMedia('(max-width: 767px)').matches;
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => (narrow ? 68 : 48),
    overscan: 10,
    enabled: shown.length > 60,
  });
  const all = shown.length <= 60;
  const row = (i: number) => {
    const found = shown[i];
    return (
      found && (
        <PointRow
          key={found.point.series}
          point={found.point}
          trendOf={chunkOf(series, found.index)}
          at={found.index % pointsPerTrend}
        />
      )
    );
  };
  return (
    <section className="panel">
      <div className="panel-head">
        <Counts key={seeded === undefined ? 'none' : 'seeded'} points={points} />
        {points.length > 8 && (
          <Input
            className="push"
            allowClear
            placeholder={t(texts.filter)}
            aria-label={t(texts.filter)}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            style={{ width: 200 }}
            lang={language}
          />
        )}
      </div>
      <div className="point-scroll" ref={box} style={!all && narrow ? { maxHeight: '70vh' } : undefined}>
        <div className="point-row head" aria-hidden="true">
          <span>{t(texts.point)}</span>
          <span className="reads">{t(texts.value)}</span>
          <span>{t(texts.quality)}</span>
          <span>{t(texts.age)}</span>
          <span className="trend">{t(texts.trend)}</span>
        </div>
        {all ? (
          shown.map((_, i) => row(i))
        ) : (
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map((item) => (
              <div
                key={item.key}
                style={{ position: 'absolute', width: '100%', transform: `translateY(${item.start}px)` }}
              >
                {row(item.index)}
              </div>
            ))}
          </div>
        )}
      </div>
    </section>
  );
}

function chunkOf(series: readonly number[], index: number): number[] {
  const first = index - (index % pointsPerTrend);
  return series.slice(first, first + pointsPerTrend);
}

function PointRow({ point, trendOf, at }: { point: ListedPoint; trendOf: number[]; at: number }) {
  const t = useText();
  const { language } = useLanguage();
  const reading = useReading(point.series);
  const nowMs = useNowMs();
  const stale = reading !== null && isStale(reading, point.maxIntervalMs, nowMs);
  return (
    <div className={`point-row${stale ? ' is-stale' : ''}`}>
      <span className="name">
        <span className="clip">{point.name[language]}</span>
        <span className="clip quiet mono">{point.key}</span>
      </span>
      <span className="reads">
        <Value reading={reading} unit={point.unit} decimals={point.decimals} stale={stale} />
      </span>
      <span className="row wrap">
        {stale && reading !== null && (
          <Tooltip title={t(shared.staleHint)(formatDuration(readingAgeMs(reading, nowMs), language))}>
            <span className="tag warning">
              <ClockCircleOutlined />
              {t(shared.stale)}
            </span>
          </Tooltip>
        )}
        {reading !== null && !(stale && reading.quality === 'good') && <QualityTag reading={reading} />}
      </span>
      <span className="second when">
        {reading !== null && <Age timeMs={Math.min(reading.time, reading.arrival) / 1000} />}
      </span>
      <span className="trend">{point.type === 'number' && <Trend series={trendOf} at={at} />}</span>
    </div>
  );
}

function Trend({ series, at }: { series: number[]; at: number }) {
  const { state } = useLiveness();
  const { data } = useQuery({
    queryKey: ['trend', series.join(',')],
    queryFn: ({ signal }) => {
      const to = Math.floor(live.nowMs() * 1000);
      return readBuckets({ series, from: to - trendMs * 1000, to }, 45, signal);
    },
    refetchInterval: state === 'lost' ? false : 20_000,
    staleTime: 15_000,
  });
  const found = data?.items.find((item) => item.series === series[at]);
  const values = useMemo(() => {
    if (found === undefined) return [];
    // Buckets without samples may be left out of the answer: each value goes to its own place.
    const slots: (number | null)[] = Array.from({ length: Math.ceil((trendMs * 1000) / found.widthUs) }, () => null);
    const last = found.buckets.at(-1)?.start ?? 0;
    for (const bucket of found.buckets) {
      const slot = slots.length - 1 - Math.round((last - bucket.start) / found.widthUs);
      if (slot >= 0) slots[slot] = bucket.mean;
    }
    return slots;
  }, [found]);
  return <Sparkline values={values} />;
}

function Counts({ points }: { points: readonly ListedPoint[] }) {
  const t = useText();
  const nowMs = useNowMs();
  const { state } = useLiveness();
  let [fresh, stale, bad] = [0, 0, 0];
  for (const point of points) {
    const reading = live.reading(point.series).get();
    if (reading === null) continue;
    if (reading.quality === 'bad') bad++;
    else if (isStale(reading, point.maxIntervalMs, nowMs)) stale++;
    else fresh++;
  }
  return <span className={`num second${state === 'lost' ? ' quiet' : ''}`}>{t(texts.counts)(fresh, stale, bad)}</span>;
}
