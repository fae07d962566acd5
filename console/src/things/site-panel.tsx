import { CaretDownOutlined, CaretRightOutlined, MoreOutlined, PlusOutlined } from '@ant-design/icons';
import type { Site } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { App, Button, Dropdown } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import type { Tagged } from '../api/api-types.ts';
import { meQuery, sitesQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { useText } from '../language/language.tsx';
import { shared, siteLevelTexts } from '../language/shared-texts.ts';
import { thingsTexts as texts } from '../language/things-texts.ts';
import { SiteForm } from './site-form.tsx';
import { siteRows } from './site-tree.ts';

/** The hierarchy of the plant, to filter by and to change. */
export function SitePanel({
  chosen,
  choose,
}: {
  chosen: string | undefined;
  choose: (site: string | undefined) => void;
}) {
  const t = useText();
  const sites = useQuery(sitesQuery);
  const mayWrite = useQuery(meQuery).data?.permissions.includes('things.write') === true;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [form, setForm] = useState<{ site: Tagged<Site> | null; parent: Site | null } | null>(null);
  const { modal, message } = App.useApp();
  const remove = useMutation({
    mutationFn: (site: Site) => api.delete(`/sites/${site.id}`),
    onSuccess: (_, site) => {
      if (chosen === site.id) choose(undefined);
      return queryClient.invalidateQueries({ queryKey: ['sites'] });
    },
    onError: (error) => message.error(t(textOf(error))),
  });
  const act = (key: string, site: Tagged<Site>) => {
    if (key === 'add') setForm({ site: null, parent: site });
    else if (key === 'edit') setForm({ site, parent: null });
    else
      modal.confirm({
        title: t(texts.removePlace),
        content: `${site.name}. ${t(texts.removePlaceText)}`,
        okText: t(shared.remove),
        okButtonProps: { danger: true },
        onOk: () => remove.mutateAsync(site).catch(() => undefined), // onError has told it
      });
  };
  const fold = (id: string) =>
    setClosed((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <aside className="panel tree" aria-label={t(texts.places)}>
      <div className="panel-head">
        <h2>{t(texts.places)}</h2>
        {mayWrite && (
          <Button
            className="push"
            type="text"
            size="small"
            icon={<PlusOutlined />}
            aria-label={t(texts.addPlace)}
            onClick={() => setForm({ site: null, parent: null })}
          />
        )}
      </div>
      {sites.isPending ? (
        <LoadingState />
      ) : sites.isError ? (
        <ErrorState error={sites.error} retry={() => void sites.refetch()} />
      ) : (
        <div className="tree-list">
          <div className={`tree-row${chosen === undefined ? ' on' : ''}`}>
            <span className="fold" />
            <button
              type="button"
              className="label"
              aria-pressed={chosen === undefined}
              onClick={() => choose(undefined)}
            >
              {t(texts.everywhere)}
            </button>
          </div>
          {siteRows(sites.data.items, closed).map(({ site, depth, hasChildren }) => (
            <div
              key={site.id}
              className={`tree-row${chosen === site.id ? ' on' : ''}`}
              style={{ paddingLeft: depth * 14 }}
            >
              {hasChildren ? (
                <button
                  type="button"
                  className="fold"
                  aria-expanded={!closed.has(site.id)}
                  aria-label={site.name}
                  onClick={() => fold(site.id)}
                >
                  {closed.has(site.id) ? <CaretRightOutlined /> : <CaretDownOutlined />}
                </button>
              ) : (
                <span className="fold" />
              )}
              <button
                type="button"
                className="label"
                title={`${site.name} · ${t(siteLevelTexts[site.level])}`}
                aria-pressed={chosen === site.id}
                onClick={() => choose(site.id)}
              >
                {site.name}
              </button>
              {mayWrite && (
                <Dropdown
                  trigger={['click']}
                  menu={{
                    onClick: ({ key }) => act(key, site),
                    items: [
                      ...(site.level === 'equipment' ? [] : [{ key: 'add', label: t(texts.addPlace) }]),
                      { key: 'edit', label: t(shared.edit) },
                      { key: 'remove', label: t(shared.remove), danger: true },
                    ],
                  }}
                >
                  <Button
                    type="text"
                    size="small"
                    icon={<MoreOutlined />}
                    aria-label={`${t(shared.edit)}: ${site.name}`}
                  />
                </Dropdown>
              )}
            </div>
          ))}
        </div>
      )}
      {form !== null && (
        <SiteForm site={form.site} parent={form.parent} sites={sites.data?.items ?? []} close={() => setForm(null)} />
      )}
    </aside>
  );
}
