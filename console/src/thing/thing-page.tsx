import { TagsOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { edgeQuery, meQuery, sitesQuery, thingPointsQuery, thingQuery } from '../api/queries.ts';
import { LastKnown } from '../design/last-known.tsx';
import { Age } from '../design/moment.tsx';
import { StateMark, toneOf } from '../design/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { bookTexts } from '../language/book-texts.ts';
import { type Both, useText } from '../language/language.tsx';
import { thingStates } from '../language/shared-texts.ts';
import { thingTexts as texts } from '../language/thing-texts.ts';
import { thingsTexts } from '../language/things-texts.ts';
import { pathOf } from '../things/site-tree.ts';
import { PointGrid } from './point-grid.tsx';
import { RefusedValues } from './refused-values.tsx';
import { ThingBook } from './thing-book.tsx';
import { ThingHistory } from './thing-history.tsx';
import { ThingKeys } from './thing-keys.tsx';
import { ThingSettings } from './thing-settings.tsx';
import { Why } from './why.tsx';
import './thing.css';

type Tab = 'values' | 'history' | 'book' | 'keys' | 'settings';
const tabs: { tab: Tab; text: Both; write: boolean }[] = [
  { tab: 'values', text: texts.values, write: false },
  { tab: 'history', text: texts.history, write: false },
  { tab: 'book', text: bookTexts.book, write: false },
  { tab: 'keys', text: texts.keys, write: true },
  { tab: 'settings', text: texts.settings, write: true },
];

export function ThingPage() {
  const t = useText();
  const { id } = useParams({ from: '/inside/things/$id' });
  const search = useSearch({ from: '/inside/things/$id' });
  const mayWrite = useQuery(meQuery).data?.permissions.includes('things.write') === true;
  const found = useQuery(thingQuery(id));
  const points = useQuery(thingPointsQuery(id));
  const sites = useQuery(sitesQuery).data?.items ?? [];
  if (found.isPending) return <LoadingState rows={9} />;
  if (found.data === undefined) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const thing = found.data;
  const tab = tabs.find((one) => one.tab === search.tab && (mayWrite || !one.write))?.tab ?? 'values';
  return (
    <div className="page">
      <header style={{ display: 'grid', gap: 6 }}>
        <div className="crumbs">
          <Link to="/things">{t(thingsTexts.title)}</Link>
          {pathOf(sites, thing.site).map((site) => (
            <span key={site.id}>
              /{' '}
              <Link to="/things" search={{ site: site.id }}>
                {site.name}
              </Link>
            </span>
          ))}
        </div>
        <div className="thing-title">
          <h1>{thing.name}</h1>
          <span className="mono quiet">{thing.key}</span>
          <span className="second">{t(thing.modelName)}</span>
          <StateMark tone={toneOf(thing.state)}>
            <span>
              <LastKnown>{t(thingStates[thing.state])}</LastKnown>
              {thing.stateSinceMs !== null && (
                <span className="second">
                  {' · '}
                  <Age timeMs={thing.stateSinceMs} bare />
                </span>
              )}
            </span>
          </StateMark>
        </div>
        {thing.edge !== null && <Through edge={thing.edge} source={thing.source} />}
      </header>
      <Why thing={thing} points={points.data} />
      <nav className="tabs" aria-label={thing.name}>
        {tabs
          .filter((one) => mayWrite || !one.write)
          .map((one) => (
            <Link
              key={one.tab}
              to="/things/$id"
              params={{ id }}
              search={{ tab: one.tab === 'values' ? undefined : one.tab }}
              replace
              className={one.tab === tab ? 'on' : ''}
              aria-current={one.tab === tab ? 'page' : undefined}
            >
              {t(one.text)}
            </Link>
          ))}
      </nav>
      {tab === 'keys' ? (
        <>
          <ThingKeys thing={id} />
          <RefusedValues thing={id} />
        </>
      ) : tab === 'book' ? (
        <ThingBook thing={id} />
      ) : tab === 'settings' ? (
        <ThingSettings thing={thing} />
      ) : points.isPending ? (
        <LoadingState rows={8} />
      ) : points.data === undefined ? (
        <ErrorState error={points.error} retry={() => void points.refetch()} />
      ) : points.data.length === 0 ? (
        <section className="panel">
          <EmptyState icon={<TagsOutlined />} title={t(texts.noPoints)} text={t(texts.noPointsText)} />
        </section>
      ) : tab === 'history' ? (
        <ThingHistory points={points.data} />
      ) : (
        <PointGrid thing={id} points={points.data} />
      )}
    </div>
  );
}

/** Who speaks for the thing, and what it is called there. */
function Through({ edge, source }: { edge: string; source: string | null }) {
  const t = useText();
  const mayRead = useQuery(meQuery).data?.permissions.includes('edges.read') === true;
  const found = useQuery({ ...edgeQuery(edge), enabled: mayRead }).data;
  return (
    <p className="second">
      {t(texts.through)}{' '}
      <Link to="/edges/$id" params={{ id: edge }} search={{ tab: 'things' }}>
        {found?.name ?? edge}
      </Link>
      {source !== null && <span className="mono quiet"> {source}</span>}
    </p>
  );
}
