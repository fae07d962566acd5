import { ApartmentOutlined, PlusOutlined, ProfileOutlined, SearchOutlined } from '@ant-design/icons';
import { thingState } from '@luban/contracts';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Button, Input, Select } from 'antd';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ListedThing } from '../api/api-types.ts';
import { meQuery, sitesQuery, thingsQuery } from '../api/queries.ts';
import { LastKnown } from '../design/last-known.tsx';
import { Age } from '../design/moment.tsx';
import { StateMark, toneOf } from '../design/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useText } from '../language/language.tsx';
import { modelsTexts } from '../language/models-texts.ts';
import { overviewTexts } from '../language/overview-texts.ts';
import { shared, thingStates } from '../language/shared-texts.ts';
import { thingsTexts as texts } from '../language/things-texts.ts';
import { SitePanel } from './site-panel.tsx';
import { SiteSelect } from './site-select.tsx';
import { ThingForm } from './thing-form.tsx';
import './things.css';

/** Every thing: by place, by word, by state. */
export function ThingsPage() {
  const t = useText();
  const { q, site, state } = useSearch({ from: '/inside/things' });
  const navigate = useNavigate();
  const mayWrite = useQuery(meQuery).data?.permissions.includes('things.write') === true;
  const [adding, setAdding] = useState(false);
  const [typed, setTyped] = useState(q ?? '');
  const filter = (change: { q?: string; site?: string; state?: string }) =>
    void navigate({ to: '/things', search: { q, site, state, ...change }, replace: true });
  const filterNow = useRef(filter);
  filterNow.current = filter;
  useEffect(() => {
    const soon = setTimeout(() => {
      if (typed.trim() !== (q ?? '')) filterNow.current({ q: typed.trim() || undefined });
    }, 200);
    return () => clearTimeout(soon);
  }, [typed, q]);
  const narrow = matchMedia('(max-width: 767px)').matches;
  return (
    <div className="page things-page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
        <div className="actions">
          <Link to="/thing-models">
            <Button icon={<ProfileOutlined />}>{t(modelsTexts.title)}</Button>
          </Link>
          {mayWrite && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
              {t(texts.add)}
            </Button>
          )}
        </div>
      </div>
      <div className="things">
        <SitePanel chosen={site} choose={(next) => filter({ site: next })} />
        <section className="panel thing-list" aria-label={t(texts.list)}>
          <div className="thing-filter">
            <Input
              prefix={<SearchOutlined />}
              placeholder={t(texts.search)}
              aria-label={t(texts.search)}
              allowClear
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              style={{ flex: '1 1 200px', maxWidth: 360 }}
            />
            <Select
              value={state ?? ''}
              onChange={(next) => filter({ state: next || undefined })}
              style={{ width: 130 }}
              aria-label={t(shared.state)}
              options={[
                { value: '', label: t(shared.all) },
                ...thingState.options.map((one) => ({ value: one as string, label: t(thingStates[one]) })),
              ]}
            />
            {narrow && (
              <SiteSelect
                value={site ?? null}
                onChange={(next) => filter({ site: next ?? undefined })}
                placeholder={t(texts.everywhere)}
              />
            )}
          </div>
          <ThingList
            filter={{ q, site, state }}
            clear={() => {
              setTyped('');
              filter({ q: undefined, site: undefined, state: undefined });
            }}
            add={mayWrite ? () => setAdding(true) : undefined}
          />
        </section>
      </div>
      {adding && <ThingForm site={site} close={() => setAdding(false)} />}
    </div>
  );
}

interface ListGiven {
  filter: { q?: string; site?: string; state?: string };
  clear: () => void;
  add: (() => void) | undefined;
}
function ThingList({ filter, clear, add }: ListGiven) {
  const t = useText();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    ...thingsQuery(filter),
    placeholderData: keepPreviousData,
  });
  const sites = useQuery(sitesQuery).data?.items;
  const siteNames = useMemo(() => new Map<string, string>(sites?.map((one) => [one.id, one.name])), [sites]);
  const things = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const box = useRef<HTMLDivElement>(null);
  const narrow = matchMedia('(max-width: 767px)').matches;
  const virtual = useVirtualizer({
    count: things.length,
    getScrollElement: () => box.current,
    estimateSize: () => (narrow ? 60 : 44),
    overscan: 12,
  });
  const rows = virtual.getVirtualItems();
  const lastSeen = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastSeen > things.length - 50 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [lastSeen, things.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (isPending) return <LoadingState rows={10} />;
  if (error !== null && things.length === 0) return <ErrorState error={error} retry={() => void refetch()} />;
  if (things.length === 0)
    return Object.values(filter).some((value) => value !== undefined) ? (
      <EmptyState icon={<SearchOutlined />} title={t(texts.none)} text={t(texts.noneText)}>
        <Button onClick={clear}>{t(texts.clear)}</Button>
      </EmptyState>
    ) : (
      <EmptyState icon={<ApartmentOutlined />} title={t(overviewTexts.noThings)} text={t(overviewTexts.noThingsText)}>
        {add !== undefined && (
          <Button type="primary" onClick={add}>
            {t(texts.add)}
          </Button>
        )}
        <Link to="/edges">
          <Button>{t(overviewTexts.addEdge)}</Button>
        </Link>
      </EmptyState>
    );
  return (
    <>
      <div className="thing-scroll" ref={box}>
        <div className="thing-row head" aria-hidden="true">
          <span>{t(shared.name)}</span>
          <span>{t(texts.model)}</span>
          <span className="wide">{t(texts.place)}</span>
          <span className="points" style={{ textAlign: 'right' }}>
            {t(texts.points)}
          </span>
          <span>{t(shared.state)}</span>
          <span className="wide">{t(texts.stateSince)}</span>
          <span>{t(texts.why)}</span>
        </div>
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {rows.map((row) => {
            const thing = things[row.index];
            return (
              thing && (
                <ThingRow
                  key={thing.id}
                  thing={thing}
                  site={thing.site === null ? null : siteNames.get(thing.site)}
                  top={row.start}
                />
              )
            );
          })}
        </div>
      </div>
      <div className="list-foot num">
        {t(texts.shown)(things.length)}
        {hasNextPage && '+'}
      </div>
    </>
  );
}

function ThingRow({ thing, site, top }: { thing: ListedThing; site: string | null | undefined; top: number }) {
  const t = useText();
  const tone = toneOf(thing.state);
  return (
    <Link
      className="thing-row"
      to="/things/$id"
      params={{ id: thing.id }}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className="clip">
        <b style={{ fontWeight: 560 }}>{thing.name}</b> <span className="quiet mono">{thing.key}</span>
      </span>
      <span className="clip second model">{t(thing.modelName)}</span>
      <span className="clip second wide">{site ?? '—'}</span>
      <span className="num second points" style={{ textAlign: 'right' }}>
        {thing.pointCount}
      </span>
      <StateMark tone={tone}>
        <LastKnown>{t(thingStates[thing.state])}</LastKnown>
      </StateMark>
      <span className="second wide">
        {thing.stateSinceMs === null ? '—' : <Age timeMs={thing.stateSinceMs} bare />}
      </span>
      <span className={`clip why ${tone}`} title={thing.stateCause === null ? undefined : t(thing.stateCause.text)}>
        {thing.stateCause === null ? '' : t(thing.stateCause.text)}
      </span>
    </Link>
  );
}
