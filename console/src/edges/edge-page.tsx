import { DeleteOutlined } from '@ant-design/icons';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { App, Button } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import { useLiveEdges } from '../api/live.ts';
import { devicesQuery, edgeQuery, meQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { LastKnown } from '../design/last-known.tsx';
import { Age, Moment } from '../design/moment.tsx';
import { StateMark } from '../design/state-mark.tsx';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { bookTexts } from '../language/book-texts.ts';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { type Both, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { DeviceTable } from './device-table.tsx';
import { EdgeBook } from './edge-book.tsx';
import { EdgeStats } from './edge-stats.tsx';
import { EdgeThings } from './edge-things.tsx';
import { edgeWords } from './edge-words.ts';
import { Enrol } from './enrol.tsx';
import { EventLog } from './event-log.tsx';
import { GapTable } from './gap-table.tsx';
import './edges.css';

type Tab = 'devices' | 'things' | 'book' | 'gaps' | 'events';
const tabs: { tab: Tab; text: Both }[] = [
  { tab: 'devices', text: texts.devices },
  { tab: 'things', text: texts.things },
  { tab: 'book', text: bookTexts.book },
  { tab: 'gaps', text: texts.gaps },
  { tab: 'events', text: texts.events },
];

export function EdgePage() {
  const t = useText();
  const { id } = useParams({ from: '/inside/edges/$id' });
  const search = useSearch({ from: '/inside/edges/$id' });
  const navigate = useNavigate();
  const { modal, message } = App.useApp();
  const mayWrite = useQuery(meQuery).data?.permissions.includes('edges.write') === true;
  const found = useQuery(edgeQuery(id));
  const now = useLiveEdges()?.find((one) => one.id === id);
  const devices = useQuery(devicesQuery(id));
  const [enrolling, setEnrolling] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete(`/edges/${id}`),
    onSuccess: async () => {
      await navigate({ to: '/edges' });
      queryClient.removeQueries({ queryKey: ['edge', id] });
      await queryClient.invalidateQueries({ queryKey: ['edges'] });
    },
    onError: (error) => message.error(t(textOf(error))),
  });
  if (found.isPending) return <LoadingState rows={9} />;
  const edge = now ?? found.data;
  if (edge === undefined) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const { tone, state, say } = edgeWords(edge);
  const tab = tabs.find((one) => one.tab === search.tab)?.tab ?? 'devices';
  return (
    <div className="page">
      <header style={{ display: 'grid', gap: 6 }}>
        <div className="crumbs">
          <Link to="/edges">{t(texts.title)}</Link>
        </div>
        <div className="page-head">
          <h1>{edge.name}</h1>
          <StateMark tone={tone}>
            <span>
              <LastKnown>{t(state)}</LastKnown>
              {edge.sinceMs !== null && (
                <span className="second">
                  {' · '}
                  <Age timeMs={edge.sinceMs} bare />
                </span>
              )}
            </span>
          </StateMark>
          {mayWrite && (
            <div className="actions">
              {!edge.connected && (
                <Button type={edge.enrolled ? 'default' : 'primary'} onClick={() => setEnrolling(true)}>
                  {t(edge.enrolled ? texts.newToken : texts.makeToken)}
                </Button>
              )}
              <Button
                danger
                icon={<DeleteOutlined />}
                onClick={() =>
                  modal.confirm({
                    title: `${t(texts.remove)}: ${edge.name}`,
                    content: t(texts.removeSure),
                    okText: t(shared.remove),
                    okButtonProps: { danger: true },
                    onOk: () => remove.mutateAsync().catch(() => undefined), // onError has told it
                  })
                }
              >
                {t(shared.remove)}
              </Button>
            </div>
          )}
        </div>
      </header>
      {say !== null && (
        <div className={`callout ${tone}`} role="status">
          <i className={`dot ${tone}`} aria-hidden="true" />
          <div>
            {!edge.connected && (
              <strong>
                {t(state)}
                {edge.sinceMs !== null && (
                  <>
                    {' · '}
                    <Moment timeMs={edge.sinceMs} />
                  </>
                )}
              </strong>
            )}
            <p>{t(say)}</p>
          </div>
        </div>
      )}
      {edge.report !== null && (
        <section className="panel edge-stats">
          <EdgeStats edge={edge} whole />
        </section>
      )}
      <nav className="tabs" aria-label={edge.name}>
        {tabs.map((one) => (
          <Link
            key={one.tab}
            to="/edges/$id"
            params={{ id }}
            search={{ tab: one.tab === 'devices' ? undefined : one.tab }}
            replace
            className={one.tab === tab ? 'on' : ''}
            aria-current={one.tab === tab ? 'page' : undefined}
          >
            {t(one.text)}
          </Link>
        ))}
      </nav>
      {tab === 'devices' ? (
        <DeviceTable edge={edge} devices={devices} mayWrite={mayWrite} />
      ) : tab === 'book' ? (
        <EdgeBook edge={id} />
      ) : tab === 'things' ? (
        <EdgeThings
          edge={{ ...edge, createsThings: found.data?.createsThings ?? edge.createsThings }}
          mayWrite={mayWrite}
        />
      ) : tab === 'gaps' ? (
        <GapTable edge={id} />
      ) : (
        <EventLog edge={id} names={new Map(devices.data?.items.map((device) => [device.id, device.name]))} />
      )}
      {enrolling && <Enrol edge={edge} close={() => setEnrolling(false)} />}
    </div>
  );
}
