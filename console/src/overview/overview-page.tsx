import { ApartmentOutlined } from '@ant-design/icons';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import type { ListedThing } from '../api/api-types.ts';
import { useLiveFlow, useLiveness } from '../api/live.ts';
import { flowQuery, thingsQuery } from '../api/queries.ts';
import { formatClock } from '../design/format-time.ts';
import { LastKnown } from '../design/last-known.tsx';
import { Age, useZone } from '../design/moment.tsx';
import { StateMark, toneOf } from '../design/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useText } from '../language/language.tsx';
import { overviewTexts as texts } from '../language/overview-texts.ts';
import { thingStates } from '../language/shared-texts.ts';
import { FlowPicture } from './flow-picture.tsx';
import { flowWords, steps, worstState } from './flow-words.ts';

export function OverviewPage() {
  const t = useText();
  const zone = useZone();
  const first = useQuery(flowQuery);
  const liveness = useLiveness();
  const flow = useLiveFlow() ?? first.data ?? null;
  const words = flow === null ? null : flowWords(flow);
  const ill = words === null ? 0 : steps.filter((step) => ['warning', 'broken'].includes(words[step].state)).length;
  const worst = words === null ? 'idle' : worstState(steps.map((step) => words[step].state));
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
        {words !== null && liveness.state !== 'lost' && (
          <StateMark tone={worst}>
            <span className="second">
              {ill > 0 ? t(texts.needsCare)(ill) : t(worst === 'idle' ? texts.nothingFlows : texts.allWell)}
            </span>
          </StateMark>
        )}
      </div>
      <section className="panel" aria-label={t(texts.path)}>
        {liveness.state === 'lost' && flow !== null && (
          <p className="quiet" style={{ padding: '14px 20px 0' }}>
            {t(texts.frozen)(formatClock(liveness.sinceMs, zone))}
          </p>
        )}
        {flow !== null ? (
          <FlowPicture flow={flow} />
        ) : first.isError ? (
          <ErrorState error={first.error} retry={() => void first.refetch()} />
        ) : (
          <LoadingState rows={7} />
        )}
      </section>
      <ThingGrid />
    </div>
  );
}

const order: Record<ListedThing['state'], number> = { offline: 0, degraded: 1, unknown: 2, online: 3 };

function ThingGrid() {
  const t = useText();
  const { data, isError, error, refetch, isPending } = useInfiniteQuery(thingsQuery({}, 120));
  const things = (data?.pages.flatMap((page) => page.items) ?? []).sort((a, b) => order[a.state] - order[b.state]);
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.things)}</h2>
        <Link className="push" to="/things">
          {t(texts.allThings)}
        </Link>
      </div>
      {isPending ? (
        <LoadingState />
      ) : isError && things.length === 0 ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : things.length === 0 ? (
        <EmptyState icon={<ApartmentOutlined />} title={t(texts.noThings)} text={t(texts.noThingsText)}>
          <Link to="/edges">
            <Button type="primary">{t(texts.addEdge)}</Button>
          </Link>
          <Link to="/things">
            <Button>{t(texts.addThing)}</Button>
          </Link>
        </EmptyState>
      ) : (
        <div className="thing-grid">
          {things.map((thing) => (
            <ThingCard key={thing.id} thing={thing} />
          ))}
        </div>
      )}
    </section>
  );
}

function ThingCard({ thing }: { thing: ListedThing }) {
  const t = useText();
  const tone = toneOf(thing.state);
  return (
    <Link className={`thing-card ${tone}`} to="/things/$id" params={{ id: thing.id }}>
      <span className="row">
        <b className="clip">{thing.name}</b>
        <i className={`dot ${tone}`} aria-hidden="true" />
      </span>
      <small className="clip">
        {thing.key} · {t(thing.modelName)} · {t(texts.points)(thing.pointCount)}
      </small>
      <small className="clip say">
        <LastKnown>{t(thingStates[thing.state])}</LastKnown>
        {thing.stateSinceMs !== null && (
          <>
            {' · '}
            <Age timeMs={thing.stateSinceMs} bare />
          </>
        )}
        {thing.stateCause !== null && ` · ${t(thing.stateCause.text)}`}
      </small>
    </Link>
  );
}
