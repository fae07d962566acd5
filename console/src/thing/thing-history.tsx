import { LineChartOutlined } from '@ant-design/icons';
import { Link } from '@tanstack/react-router';
import { Button, Select } from 'antd';
import { useMemo, useState } from 'react';
import type { ListedPoint } from '../api/api-types.ts';
import { live } from '../api/live.ts';
import { unitSymbol } from '../design/value.tsx';
import { HistoryChart, useHistory } from '../explorer/history-chart.tsx';
import { RangeBar } from '../explorer/range-bar.tsx';
import { rangeSearch, type TimeRange, widened } from '../explorer/time-range.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { thingTexts as texts } from '../language/thing-texts.ts';

/** History of a thing's points; the explorer goes on from here. */
export function ThingHistory({ points }: { points: readonly ListedPoint[] }) {
  const t = useText();
  const { language } = useLanguage();
  const [range, setRange] = useState<TimeRange>({ kind: 'last', last: '1h' });
  const [series, setSeries] = useState<number[]>(() =>
    points
      .filter((point) => point.type === 'number')
      .slice(0, 3)
      .map((point) => point.series),
  );
  const chosen = useMemo(() => points.filter((point) => series.includes(point.series)), [points, series]);
  const history = useHistory(chosen, range);
  const span = history.span ?? { fromMs: live.nowMs() - 3_600_000, toMs: live.nowMs() };
  return (
    <>
      <div className="row wrap">
        <Select
          mode="multiple"
          maxCount={10}
          value={series}
          onChange={setSeries}
          placeholder={t(texts.choosePoints)}
          aria-label={t(texts.choosePoints)}
          style={{ flex: '1 1 300px', minWidth: 0 }}
          showSearch={{ optionFilterProp: 'label' }}
          options={points.map((point) => ({
            value: point.series as number,
            label: `${point.name[language]} ${unitSymbol(point.unit)}`.trim(),
          }))}
        />
        <Link to="/explorer" search={{ series: series.join(',') || undefined, ...rangeSearch(range) }}>
          <Button icon={<LineChartOutlined />}>{t(texts.explore)}</Button>
        </Link>
      </div>
      <RangeBar range={range} span={span} choose={setRange} />
      <section className="panel">
        {chosen.length > 0 && (
          <HistoryChart
            history={history}
            height={420}
            zoomTo={(next) => setRange({ kind: 'fixed', ...next })}
            zoomOut={() => setRange(widened(span, live.nowMs()))}
          />
        )}
      </section>
    </>
  );
}
