import { ApiOutlined, SearchOutlined } from '@ant-design/icons';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Button, Input } from 'antd';
import { useEffect, useState } from 'react';
import { meQuery, mqttClientsQuery } from '../api/queries.ts';
import { serverLabels } from '../design/server-labels.ts';
import { SilentServers } from '../design/silent-servers.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useText } from '../language/language.tsx';
import { mqttClientsTexts as texts } from '../language/mqtt-clients-texts.ts';
import { shared } from '../language/shared-texts.ts';
import { ClientTable } from './client-table.tsx';
import './mqtt-clients.css';

/** Who is connected by MQTT, and what waits for whom. */
export function MqttClientsPage() {
  const t = useText();
  const mayEnd = useQuery(meQuery).data?.permissions.includes('access.write') === true;
  const [typed, setTyped] = useState('');
  const [q, setQ] = useState('');
  useEffect(() => {
    const soon = setTimeout(() => setQ(typed.trim()), 200);
    return () => clearTimeout(soon);
  }, [typed]);
  const clients = useInfiniteQuery({ ...mqttClientsQuery(q), placeholderData: keepPreviousData });
  const pages = clients.data?.pages ?? [];
  const items = pages.flatMap((page) => page.items);
  const servers = items.flatMap(({ server }) => server ?? []);
  // What the newest page says: it was asked last.
  const silent = pages.at(-1)?.notAnswering ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
      </div>
      <p className="second">{t(texts.intro)}</p>
      <SilentServers servers={silent} among={servers} />
      <section className="panel" aria-label={t(texts.title)}>
        <div className="client-filter">
          <Input
            prefix={<SearchOutlined />}
            placeholder={t(texts.search)}
            aria-label={t(texts.search)}
            allowClear
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <div className="table-scroll">
          {clients.isPending ? (
            <LoadingState />
          ) : clients.data === undefined ? (
            <ErrorState error={clients.error} retry={() => void clients.refetch()} />
          ) : items.length > 0 ? (
            <ClientTable items={items} labelOf={serverLabels([...servers, ...silent])} mayEnd={mayEnd} />
          ) : q === '' ? (
            <EmptyState icon={<ApiOutlined />} title={t(texts.none)} text={t(texts.noneText)} />
          ) : (
            <EmptyState icon={<SearchOutlined />} title={t(texts.notFound)} text={q}>
              <Button onClick={() => setTyped('')}>{t(texts.clear)}</Button>
            </EmptyState>
          )}
        </div>
        {clients.hasNextPage && (
          <Button type="text" block loading={clients.isFetchingNextPage} onClick={() => void clients.fetchNextPage()}>
            {t(shared.loadMore)}
          </Button>
        )}
      </section>
      <p className="second">{t(texts.policy)}</p>
    </div>
  );
}
