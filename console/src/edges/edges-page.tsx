import { ClusterOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useState } from 'react';
import { useLiveEdges } from '../api/live.ts';
import { edgesQuery, meQuery } from '../api/queries.ts';
import { LastKnown } from '../design/last-known.tsx';
import { Age } from '../design/moment.tsx';
import { StateMark } from '../design/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { EdgeStats } from './edge-stats.tsx';
import { edgeWords } from './edge-words.ts';
import { Enrol } from './enrol.tsx';
import './edges.css';

export function EdgesPage() {
  const t = useText();
  const first = useQuery(edgesQuery);
  const now = useLiveEdges();
  const mayWrite = useQuery(meQuery).data?.permissions.includes('edges.write') === true;
  const [enrolling, setEnrolling] = useState(false);
  // What is live replaces what was read, edge by edge; the read list says which there are.
  const fresh = new Map<string, NonNullable<typeof now>[number]>(now?.map((edge) => [edge.id, edge]));
  const edges = first.data?.items.map((edge) => fresh.get(edge.id) ?? edge);
  const enrol = mayWrite && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setEnrolling(true)}>
      {t(texts.enrol)}
    </Button>
  );
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
        <div className="actions">{enrol}</div>
      </div>
      {first.isPending ? (
        <section className="panel">
          <LoadingState />
        </section>
      ) : edges === undefined ? (
        <section className="panel">
          <ErrorState error={first.error} retry={() => void first.refetch()} />
        </section>
      ) : edges.length === 0 ? (
        <section className="panel">
          <EmptyState icon={<ClusterOutlined />} title={t(texts.none)} text={t(texts.noneText)}>
            {enrol}
          </EmptyState>
        </section>
      ) : (
        <div className="edge-cards">
          {edges.map((edge) => {
            const { tone, state, say } = edgeWords(edge);
            return (
              <Link key={edge.id} className="panel edge-card" to="/edges/$id" params={{ id: edge.id }}>
                <div className="title">
                  <span className="clip">{edge.name}</span>
                  <StateMark tone={tone}>
                    <span>
                      <LastKnown>{t(state)}</LastKnown>
                      {edge.sinceMs !== null && (
                        <span className="quiet">
                          {' · '}
                          <Age timeMs={edge.sinceMs} bare />
                        </span>
                      )}
                    </span>
                  </StateMark>
                </div>
                <EdgeStats edge={edge} />
                {say !== null && <p className={`say ${tone}`}>{t(say)}</p>}
              </Link>
            );
          })}
        </div>
      )}
      {enrolling && <Enrol edge={null} close={() => setEnrolling(false)} />}
    </div>
  );
}
