import { DeleteOutlined, EditOutlined, PlusOutlined } from '@ant-design/icons';
import type { Retention, RetentionEstimate, RetentionPolicy, RetentionScope } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import type { Tagged } from '../api/api-types.ts';
import { retentionQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { formatBytes, formatCount } from '../design/format-number.ts';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { scopeTexts, historyTexts as texts } from '../language/history-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { type Editing, RetentionForm } from './retention-form.tsx';

type Rule = Retention['rules'][number];

/** The rules by which history expires, and what it takes on disk. */
export function RetentionPanel({ mayWrite }: { mayWrite: boolean }) {
  const t = useText();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const retention = useQuery(retentionQuery);
  const [editing, setEditing] = useState<Editing | null>(null);
  const remove = useMutation({
    mutationFn: ({ scope, target }: Rule) =>
      api.put<Tagged<Retention>>('/retention', { scope, target, policy: null }, retention.data?.etag),
    onSuccess: (data) => queryClient.setQueryData(retentionQuery.queryKey, data),
    onError: (error) => message.error(t(textOf(error))),
  });
  if (retention.isPending) return <LoadingState />;
  if (retention.data === undefined)
    return <ErrorState error={retention.error} retry={() => void retention.refetch()} />;
  const { rules, estimate, default: byDefault, etag } = retention.data;
  const plant = rules.find(({ scope }) => scope === 'tenant');
  const others = rules.filter(({ scope }) => scope !== 'tenant');
  const edit = (scope: RetentionScope, target: string, policy: RetentionPolicy, isNew = false) =>
    setEditing({ scope, target, policy, etag, isNew });
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.keep)}</h2>
        {mayWrite && (
          <Button
            icon={<PlusOutlined />}
            style={{ marginLeft: 'auto' }}
            onClick={() => edit('model', '', plant?.policy ?? byDefault, true)}
          >
            {t(texts.addRule)}
          </Button>
        )}
      </div>
      <p className="history-hint">{t(texts.keepHint)}</p>
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th>{t(texts.for)}</th>
              <th>{t(texts.samples)}</th>
              <th>{t(texts.minutes)}</th>
              <th>{t(texts.hours)}</th>
              <th>
                <span className="visually-hidden">{t(shared.edit)}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td className="nowrap">
                {t(scopeTexts.tenant)} {plant === undefined && <span className="tag">{t(texts.byDefault)}</span>}
              </td>
              <Policy policy={plant?.policy ?? byDefault} />
              <td className="right nowrap">
                {mayWrite && (
                  <Button
                    type="text"
                    icon={<EditOutlined />}
                    aria-label={`${t(shared.edit)}: ${t(scopeTexts.tenant)}`}
                    onClick={() => edit('tenant', '', plant?.policy ?? byDefault)}
                  />
                )}
                {mayWrite && plant !== undefined && (
                  <Remove name={t(scopeTexts.tenant)} act={() => remove.mutate(plant)} />
                )}
              </td>
            </tr>
            {others.map((rule) => {
              const name = rule.name?.[language] ?? rule.target;
              return (
                <tr key={`${rule.scope}/${rule.target}`}>
                  <td>
                    <span className="quiet">{t(scopeTexts[rule.scope])}</span> {name}{' '}
                    {rule.scope === 'point' && <span className="quiet num">{rule.target}</span>}
                  </td>
                  <Policy policy={rule.policy} />
                  <td className="right nowrap">
                    {mayWrite && (
                      <Button
                        type="text"
                        icon={<EditOutlined />}
                        aria-label={`${t(shared.edit)}: ${name}`}
                        onClick={() => edit(rule.scope, rule.target, rule.policy)}
                      />
                    )}
                    {mayWrite && <Remove name={name} act={() => remove.mutate(rule)} />}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {estimate === null || estimate.samplesPerDay === 0 ? (
        <p className="history-hint quiet">{t(texts.noEstimate)}</p>
      ) : (
        <Figures estimate={estimate} />
      )}
      {editing !== null && <RetentionForm editing={editing} close={() => setEditing(null)} />}
    </section>
  );
}

function Remove({ name, act }: { name: string; act: () => void }) {
  const t = useText();
  return (
    <Button type="text" danger icon={<DeleteOutlined />} aria-label={`${t(shared.remove)}: ${name}`} onClick={act} />
  );
}

function Policy({ policy }: { policy: RetentionPolicy }) {
  const t = useText();
  return [policy.sampleDays, policy.minuteDays, policy.hourDays].map((days, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: three columns, always the same
    <td key={i} className="nowrap num">
      {days === null ? t(texts.forever) : t(texts.days)(days)}
    </td>
  ));
}

function Figures({ estimate }: { estimate: RetentionEstimate }) {
  const t = useText();
  const { language } = useLanguage();
  const figures = [
    [texts.perDay, formatCount(estimate.samplesPerDay, language)],
    [texts.perSample, `${estimate.bytesPerSample.toFixed(2)} B`],
    [texts.bytesPerDay, formatBytes(estimate.bytesPerDay)],
    [texts.inAYear, formatBytes(estimate.bytesInAYear)],
    [texts.inTenYears, formatBytes(estimate.bytesInTenYears)],
  ] as const;
  return (
    <>
      <div className="history-figures">
        {figures.map(([label, value]) => (
          <div key={label.en}>
            <span className="quiet">{t(label)}</span>
            <strong>{value}</strong>
          </div>
        ))}
      </div>
      <p className="history-hint quiet">{t(texts.estimateHint)}</p>
    </>
  );
}
