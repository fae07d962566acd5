import { DownOutlined, RightOutlined } from '@ant-design/icons';
import { isId, type MqttClient, type ServerName } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { App, Button, Tooltip } from 'antd';
import { Fragment, useState } from 'react';
import { textOf } from '../api/api-error.ts';
import { mqttClientQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { formatBytes, formatCount } from '../design/format-number.ts';
import { Age, Moment } from '../design/moment.tsx';
import { StateMark } from '../design/state-mark.tsx';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { dropReasons, mqttClientsTexts as texts } from '../language/mqtt-clients-texts.ts';
import { shared } from '../language/shared-texts.ts';

const keyOf = ({ owner, clientId, server }: MqttClient) => `${owner} ${server?.id} ${clientId}`;

interface ClientTableProps {
  items: readonly MqttClient[];
  labelOf: (server: ServerName) => string;
  mayEnd: boolean;
}

export function ClientTable({ items, labelOf, mayEnd }: ClientTableProps) {
  const t = useText();
  const { language } = useLanguage();
  const { modal, message } = App.useApp();
  const [opened, setOpened] = useState<string | null>(null);
  const end = useMutation({
    mutationFn: ({ owner, clientId }: MqttClient) => api.delete(`/mqtt-clients/${owner}`, { clientId }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['mqtt-clients'] }),
    onError: (error) => message.error(t(textOf(error))),
  });
  const confirm = (client: MqttClient) =>
    modal.confirm({
      title: `${t(texts.end)}: ${client.clientId}`,
      content: t(texts.endSure)(client.subscriptions, client.queued + client.inflight),
      okText: t(texts.end),
      okButtonProps: { danger: true },
      onOk: () => end.mutateAsync(client).catch(() => undefined), // onError has told it
    });
  return (
    <table className="table cards client-table">
      <thead>
        <tr>
          <th>{t(texts.client)}</th>
          <th>{t(shared.state)}</th>
          <th className="right">{t(texts.subscriptions)}</th>
          <th className="right">{t(texts.waiting)}</th>
          <th className="right">{t(texts.inflight)}</th>
          <th>
            <Tooltip title={t(texts.since)}>{t(texts.notDelivered)}</Tooltip>
          </th>
          <th>
            <span className="visually-hidden">{t(texts.end)}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((client) => (
          <Fragment key={keyOf(client)}>
            <tr>
              <td>
                <div className="mono client-id">{client.clientId}</div>
                <Owner of={client} />
              </td>
              <td className="nowrap client-state">
                <State of={client} />
                {client.server !== null && (
                  <div className="quiet" title={client.server.id}>
                    {t(texts.at)(labelOf(client.server))}
                  </div>
                )}
              </td>
              <td className="right" data-label={t(texts.subscriptions)}>
                <Button
                  size="small"
                  type="text"
                  icon={opened === keyOf(client) ? <DownOutlined /> : <RightOutlined />}
                  aria-expanded={opened === keyOf(client)}
                  aria-label={`${t(texts.subscriptions)}: ${client.clientId}`}
                  onClick={() => setOpened(opened === keyOf(client) ? null : keyOf(client))}
                >
                  {client.subscriptions}
                </Button>
              </td>
              <td className="right num nowrap" data-label={t(texts.waiting)}>
                <div>{formatCount(client.queued, language)}</div>
                {client.queuedBytes > 0 && <div className="quiet">{formatBytes(client.queuedBytes)}</div>}
              </td>
              <td className="right num" data-label={t(texts.inflight)}>
                {formatCount(client.inflight, language)}
              </td>
              <td className="nowrap" data-label={t(texts.notDelivered)}>
                <Dropped of={client} />
              </td>
              <td className="right">
                {mayEnd && (
                  <Button size="small" danger type="text" onClick={() => confirm(client)}>
                    {t(texts.endShort)}
                  </Button>
                )}
              </td>
            </tr>
            {opened === keyOf(client) && (
              <tr>
                <td colSpan={7} className="client-state">
                  <Filters of={client} />
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

function Owner({ of: { owner, ownerName } }: { of: MqttClient }) {
  const name = ownerName ?? owner;
  if (isId('access', owner)) return <Link to="/access-keys">{name}</Link>;
  return (
    <Link to={isId('edge', owner) ? '/edges/$id' : '/things/$id'} params={{ id: owner }}>
      {name}
    </Link>
  );
}

function State({ of: { connected, since, expiresAt, protocol } }: { of: MqttClient }) {
  const t = useText();
  return (
    <>
      <StateMark tone={connected ? 'ok' : 'idle'}>
        <span>
          {t(connected ? texts.connected : texts.away)}
          <span className="quiet">
            {' · '}
            <Age timeMs={Date.parse(since)} bare />
          </span>
        </span>
      </StateMark>
      {protocol !== null ? (
        <div className="quiet">MQTT {protocol}</div>
      ) : (
        <div className="quiet">
          {expiresAt === null ? (
            t(texts.forEver)
          ) : (
            <>
              {t(texts.until)} <Moment timeMs={Date.parse(expiresAt)} />
            </>
          )}
        </div>
      )}
    </>
  );
}

function Dropped({ of: { dropped } }: { of: MqttClient }) {
  const t = useText();
  const { language } = useLanguage();
  const counted = (Object.keys(dropReasons) as (keyof typeof dropReasons)[]).filter((why) => dropped[why] > 0);
  if (counted.length === 0) return <span className="quiet num">0</span>;
  return (
    <ul className="dropped">
      {counted.map((why) => (
        <li key={why}>
          <span className="num">{formatCount(dropped[why], language)}</span>{' '}
          <span className="second">{t(dropReasons[why])}</span>
        </li>
      ))}
    </ul>
  );
}

function Filters({ of: { owner, clientId } }: { of: MqttClient }) {
  const t = useText();
  const { data, error, isPending, refetch } = useQuery(mqttClientQuery(owner, clientId));
  if (isPending) return <LoadingState rows={1} />;
  if (data === undefined) return <ErrorState error={error} retry={() => void refetch()} />;
  if (data.filters.length === 0) return <span className="quiet">{t(texts.noFilters)}</span>;
  return (
    <ul className="client-filters">
      {data.filters.map(({ filter, qos }) => (
        <li key={filter}>
          <span className="mono">{filter}</span> <span className="quiet nowrap">QoS {qos}</span>
        </li>
      ))}
    </ul>
  );
}
