import { KeyOutlined, PlusOutlined } from '@ant-design/icons';
import type { AccessKey } from '@luban/contracts';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { App, Button, Tooltip } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import { accessKeysQuery, meQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Day } from '../design/moment.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { accessTexts as texts } from '../language/access-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { AccessKeyForm } from './access-key-form.tsx';
import { CertificatesPanel } from './certificates-panel.tsx';
import { MadeBy } from './made-by.tsx';
import './access.css';

/** What others come in by: the keys of programs, and client certificates. */
export function AccessPage() {
  const t = useText();
  const mayWrite = useQuery(meQuery).data?.permissions.includes('access.write') === true;
  const keys = useInfiniteQuery(accessKeysQuery);
  const [adding, setAdding] = useState(false);
  const items = keys.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
        {mayWrite && (
          <div className="actions">
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
              {t(texts.add)}
            </Button>
          </div>
        )}
      </div>
      <p className="second">{t(texts.intro)}</p>
      <section className="panel table-scroll">
        {keys.isPending ? (
          <LoadingState />
        ) : keys.data === undefined ? (
          <ErrorState error={keys.error} retry={() => void keys.refetch()} />
        ) : items.length === 0 ? (
          <EmptyState icon={<KeyOutlined />} title={t(texts.none)} text={t(texts.noneText)}>
            {mayWrite && (
              <Button type="primary" onClick={() => setAdding(true)}>
                {t(texts.add)}
              </Button>
            )}
          </EmptyState>
        ) : (
          <KeyTable items={items} mayWrite={mayWrite} />
        )}
        {keys.hasNextPage && (
          <Button type="text" block loading={keys.isFetchingNextPage} onClick={() => void keys.fetchNextPage()}>
            {t(shared.loadMore)}
          </Button>
        )}
      </section>
      <CertificatesPanel mayWrite={mayWrite} />
      {adding && <AccessKeyForm close={() => setAdding(false)} />}
    </div>
  );
}

function KeyTable({ items, mayWrite }: { items: readonly AccessKey[]; mayWrite: boolean }) {
  const t = useText();
  const { modal, message } = App.useApp();
  const revoke = useMutation({
    mutationFn: (key: AccessKey) => api.delete(`/access-keys/${key.id}`),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['access-keys'] }),
    onError: (error) => message.error(t(textOf(error))),
  });
  const confirm = (key: AccessKey) =>
    modal.confirm({
      title: `${t(texts.revoke)}: ${key.name}`,
      content: t(texts.revokeSure),
      okText: t(texts.revoke),
      okButtonProps: { danger: true },
      onOk: () => revoke.mutateAsync(key).catch(() => undefined), // onError has told it
    });
  return (
    <table className="table cards access-table">
      <thead>
        <tr>
          <th>{t(shared.name)}</th>
          <th>{t(texts.publish)}</th>
          <th>{t(texts.subscribe)}</th>
          <th>{t(shared.state)}</th>
          <th>{t(texts.used)}</th>
          <th>{t(texts.made)}</th>
          <th>
            <span className="visually-hidden">{t(texts.revoke)}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((key) => (
          <tr key={key.id}>
            <td>
              <div>{key.name}</div>
              <div className="mono quiet nowrap">{key.prefix}…</div>
            </td>
            <td data-label={t(texts.publish)}>
              <Topics filters={key.publish} />
            </td>
            <td data-label={t(texts.subscribe)}>
              <Topics filters={key.subscribe} />
            </td>
            <td className="nowrap" data-label={t(shared.state)}>
              <State of={key} />
            </td>
            <td className="second nowrap" data-label={t(texts.used)}>
              {key.lastUsedAt === null ? t(shared.never) : <Day timeMs={Date.parse(key.lastUsedAt)} />}
            </td>
            <MadeBy of={key} label={t(texts.made)} />
            <td className="right">
              {mayWrite && key.revokedAt === null && (
                <Button size="small" danger type="text" onClick={() => confirm(key)}>
                  {t(texts.revoke)}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Topics({ filters }: { filters: readonly string[] }) {
  const t = useText();
  if (filters.length === 0) return <span className="quiet">{t(shared.none)}</span>;
  return (
    <ul className="topics mono">
      {filters.map((filter) => (
        <li key={filter}>{filter}</li>
      ))}
    </ul>
  );
}

function State({ of: { revokedAt, expiresAt, openTo } }: { of: AccessKey }) {
  const t = useText();
  if (revokedAt !== null) return <span className="tag plain">{t(texts.revoked)}</span>;
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now())
    return <span className="tag warning">{t(texts.expired)}</span>;
  return (
    <>
      <span className="tag ok">{t(texts.good)}</span>
      {openTo !== 'nobody' && (
        <div>
          <Tooltip title={t(texts.openWhy)}>
            <span className="tag warning">{t(openTo === 'any-login' ? texts.openToAny : texts.openToNone)}</span>
          </Tooltip>
        </div>
      )}
      {expiresAt !== null && (
        <div className="quiet">
          {t(texts.until)} <Day timeMs={Date.parse(expiresAt)} />
        </div>
      )}
    </>
  );
}
