import { SearchOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Button, Checkbox, Drawer, Input } from 'antd';
import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { pointsQuery } from '../api/queries.ts';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { unitSymbol } from '../design/value.tsx';
import { explorerTexts as texts } from '../language/explorer-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';

export const mostPoints = 40;

interface Given {
  open: boolean;
  close: () => void;
  chosen: readonly number[];
  choose: (series: number[]) => void;
}

/** Finds points among all of the platform's and chooses which are on the chart. */
export function PointPicker({ open, close, chosen, choose }: Given) {
  const t = useText();
  const [typed, setTyped] = useState('');
  const q = useDeferredValue(typed.trim());
  return (
    <Drawer
      open={open}
      onClose={close}
      title={t(texts.add)}
      size={460}
      styles={{ body: { display: 'flex', flexDirection: 'column', padding: 16 }, wrapper: { maxWidth: '100vw' } }}
      footer={
        <div className="row">
          <span className="second">
            {chosen.length >= mostPoints ? t(texts.tooMany) : t(texts.chosen)(chosen.length)}
          </span>
          <Button className="push" disabled={chosen.length === 0} onClick={() => choose([])}>
            {t(texts.clear)}
          </Button>
          <Button type="primary" onClick={close}>
            {t(texts.done)}
          </Button>
        </div>
      }
    >
      <Input
        prefix={<SearchOutlined />}
        placeholder={t(texts.searchPoints)}
        value={typed}
        allowClear
        autoFocus
        onChange={(event) => setTyped(event.target.value)}
      />
      {open && <Found q={q} chosen={chosen} choose={choose} />}
    </Drawer>
  );
}

function Found({ q, chosen, choose }: Pick<Given, 'chosen' | 'choose'> & { q: string }) {
  const t = useText();
  const { language } = useLanguage();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    pointsQuery(q),
  );
  const points = data?.pages.flatMap((page) => page.items) ?? [];
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: points.length,
    getScrollElement: () => box.current,
    estimateSize: () => 48,
    overscan: 10,
  });
  const rows = virtual.getVirtualItems();
  const lastSeen = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastSeen > points.length - 40 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [lastSeen, points.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (isPending) return <LoadingState rows={8} />;
  if (error !== null && points.length === 0) return <ErrorState error={error} retry={() => void refetch()} />;
  if (points.length === 0)
    return <EmptyState icon={<SearchOutlined />} title={t(texts.noPoints)} text={t(texts.noPointsText)} />;
  const set = new Set(chosen);
  return (
    <div className="pick-list" ref={box}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {rows.map((row) => {
          const point = points[row.index];
          if (point === undefined) return null;
          const on = set.has(point.series);
          return (
            <label
              className="pick"
              htmlFor={`point-${point.series}`}
              key={point.series}
              style={{ position: 'absolute', transform: `translateY(${row.start}px)` }}
            >
              <Checkbox
                id={`point-${point.series}`}
                checked={on}
                disabled={!on && chosen.length >= mostPoints}
                onChange={() => choose(on ? chosen.filter((one) => one !== point.series) : [...chosen, point.series])}
              />
              <span className="clip" style={{ flex: 1 }}>
                <span className="clip" style={{ display: 'block' }}>
                  {point.name[language]} <span className="quiet">{unitSymbol(point.unit)}</span>
                </span>
                <small className="quiet clip" style={{ display: 'block' }}>
                  {point.thingName} · {point.key}
                </small>
              </span>
            </label>
          );
        })}
      </div>
    </div>
  );
}
