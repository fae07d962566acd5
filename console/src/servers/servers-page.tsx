import { CloudServerOutlined } from '@ant-design/icons';
import type { Server } from '@luban/contracts';
import { useQuery } from '@tanstack/react-query';
import { useNowMs } from '../api/live.ts';
import { serversQuery } from '../api/queries.ts';
import { formatDuration } from '../design/format-time.ts';
import { Moment } from '../design/moment.tsx';
import { serverLabels } from '../design/server-labels.ts';
import { StateMark } from '../design/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { roleName, serverStates, serversTexts as texts } from '../language/servers-texts.ts';
import { shared } from '../language/shared-texts.ts';
import { stateOf, toneOfState, worriesOf } from './server-state.ts';
import './servers.css';

/** The platform's servers, for who keeps it running. */
export function ServersPage() {
  const t = useText();
  const servers = useQuery(serversQuery);
  const items = servers.data?.items;
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
      </div>
      <p className="second">{t(items?.length === 1 ? texts.introOne : texts.intro)}</p>
      {items !== undefined && <Worries servers={items} />}
      <section className="panel table-scroll" aria-label={t(texts.title)}>
        {servers.isPending ? (
          <LoadingState />
        ) : items === undefined ? (
          <ErrorState error={servers.error} retry={() => void servers.refetch()} />
        ) : items.length === 0 ? (
          <EmptyState icon={<CloudServerOutlined />} title={t(texts.none)} />
        ) : (
          <ServerTable items={items} answeredMs={servers.dataUpdatedAt} />
        )}
      </section>
      {items?.some(({ live }) => !live) === true && <p className="second">{t(texts.silentHint)}</p>}
    </div>
  );
}

function Worries({ servers }: { servers: readonly Server[] }) {
  const t = useText();
  return worriesOf(servers).map(({ what, tone }) => (
    <div key={what} className={`callout ${tone}`} role="status">
      <div>
        <strong>{t(texts[what])}</strong>
        <p>{t(texts[`${what}Text`])}</p>
      </div>
    </div>
  ));
}

function ServerTable({ items, answeredMs }: { items: readonly Server[]; answeredMs: number }) {
  const t = useText();
  const labelOf = serverLabels(items);
  return (
    <table className="table cards server-table">
      <thead>
        <tr>
          <th>{t(texts.server)}</th>
          <th>{t(shared.state)}</th>
          <th>{t(texts.roles)}</th>
          <th>{t(texts.version)}</th>
          <th>{t(texts.started)}</th>
          <th>{t(texts.heard)}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one, i) => {
          const state = stateOf(one, items.length === 1);
          return (
            <tr key={one.id}>
              <td title={one.id}>
                <div className="server-name">{labelOf(one)}</div>
                {/* The one that was asked comes first. */}
                {i === 0 && items.length > 1 && <div className="quiet">{t(texts.asked)}</div>}
              </td>
              <td className="nowrap">
                <StateMark tone={toneOfState[state]}>{t(serverStates[state])}</StateMark>
              </td>
              <td data-label={t(texts.roles)}>
                <span className="server-roles">
                  {one.roles.map((role) => (
                    <span key={role} className="tag">
                      {t(roleName(role))}
                    </span>
                  ))}
                </span>
              </td>
              <td className="num" data-label={t(texts.version)}>
                {one.version}
              </td>
              <td data-label={t(texts.started)}>
                <Moment timeMs={Date.parse(one.startedAt)} />
              </td>
              <td data-label={t(texts.heard)}>
                <Heard silentMs={one.silentMs} answeredMs={answeredMs} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** By the clock of the server that was asked, and how long ago it answered by the reader's: their clocks are not compared. */
function Heard({ silentMs, answeredMs }: { silentMs: number; answeredMs: number }) {
  const t = useText();
  const { language } = useLanguage();
  useNowMs();
  const ageMs = silentMs + Date.now() - answeredMs;
  // A beat comes every two seconds, and so does an answer.
  return (
    <span className="num nowrap">{ageMs < 5000 ? t(shared.now) : t(shared.ago)(formatDuration(ageMs, language))}</span>
  );
}
