import { PlusOutlined, SafetyCertificateOutlined } from '@ant-design/icons';
import type { ClientCertificate } from '@luban/contracts';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { App, Button, Tooltip } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import { clientCertificatesQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { accessTexts } from '../language/access-texts.ts';
import { certificateTexts as texts } from '../language/certificate-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { CertificateForm } from './certificate-form.tsx';
import { MadeBy } from './made-by.tsx';

/** The client certificates that stand for a thing, an edge or an access key. */
export function CertificatesPanel({ mayWrite }: { mayWrite: boolean }) {
  const t = useText();
  const found = useInfiniteQuery(clientCertificatesQuery);
  const [binding, setBinding] = useState(false);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="page-head">
        <h2>{t(texts.title)}</h2>
        {mayWrite && (
          <div className="actions">
            <Button icon={<PlusOutlined />} onClick={() => setBinding(true)}>
              {t(texts.bind)}
            </Button>
          </div>
        )}
      </div>
      <p className="second">{t(texts.intro)}</p>
      <section className="panel table-scroll">
        {found.isPending ? (
          <LoadingState />
        ) : found.data === undefined ? (
          <ErrorState error={found.error} retry={() => void found.refetch()} />
        ) : items.length === 0 ? (
          <EmptyState icon={<SafetyCertificateOutlined />} title={t(texts.none)} />
        ) : (
          <CertificateTable items={items} mayWrite={mayWrite} />
        )}
        {found.hasNextPage && (
          <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t(shared.loadMore)}
          </Button>
        )}
      </section>
      {binding && <CertificateForm close={() => setBinding(false)} />}
    </>
  );
}

function CertificateTable({ items, mayWrite }: { items: readonly ClientCertificate[]; mayWrite: boolean }) {
  const t = useText();
  const { modal, message } = App.useApp();
  const end = useMutation({
    mutationFn: ({ id, how }: { id: string; how: 'revoke' | 'unbind' }) =>
      how === 'revoke'
        ? api.post(`/client-certificates/${id}/revocation`, {})
        : api.delete(`/client-certificates/${id}`),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['client-certificates'] }),
    onError: (error) => message.error(t(textOf(error))),
  });
  const confirm = (one: ClientCertificate, how: 'revoke' | 'unbind') =>
    modal.confirm({
      title: `${t(texts[how])}: ${one.subject ?? shortened(one.fingerprint)}`,
      content: t(how === 'revoke' ? texts.revokeSure : texts.unbindSure),
      okText: t(texts[how]),
      okButtonProps: { danger: true },
      onOk: () => end.mutateAsync({ id: one.id, how }).catch(() => undefined), // onError has told it
    });
  return (
    <table className="table cards access-table">
      <thead>
        <tr>
          <th>{t(texts.certificate)}</th>
          <th>{t(texts.holder)}</th>
          <th>{t(shared.state)}</th>
          <th>{t(texts.made)}</th>
          <th>
            <span className="visually-hidden">{t(texts.revoke)}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.id}>
            <td>
              <div className="certificate-subject">
                {one.subject ?? t(shared.none)}
                {one.kind === 'issuer' && (
                  <Tooltip title={t(texts.issuerHint)}>
                    <span className="tag plain">{t(texts.issuerKind)}</span>
                  </Tooltip>
                )}
              </div>
              <Tooltip title={<span className="mono">{one.fingerprint}</span>}>
                <div className="mono quiet nowrap">{shortened(one.fingerprint)}</div>
              </Tooltip>
            </td>
            <td data-label={t(texts.holder)}>
              <div>{one.holderName ?? t(texts.holderGone)}</div>
              <div className="mono quiet access-id">{one.holder}</div>
            </td>
            <td className="nowrap" data-label={t(shared.state)}>
              {one.revokedAt === null ? (
                <span className="tag ok">{t(accessTexts.good)}</span>
              ) : (
                <span className="tag plain">{t(accessTexts.revoked)}</span>
              )}
            </td>
            <MadeBy of={one} label={t(texts.made)} />
            <td className="right nowrap">
              {mayWrite && (
                <>
                  <Button size="small" type="text" onClick={() => confirm(one, 'unbind')}>
                    {t(texts.unbind)}
                  </Button>
                  {one.revokedAt === null && (
                    <Button size="small" danger type="text" onClick={() => confirm(one, 'revoke')}>
                      {t(texts.revoke)}
                    </Button>
                  )}
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Enough of a fingerprint to compare by eye. */
function shortened(fingerprint: string): string {
  return `${fingerprint.slice(0, 16).replace(/(..)(?=.)/g, '$1:')}…`;
}
