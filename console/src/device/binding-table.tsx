import { DisconnectOutlined, TagsOutlined } from '@ant-design/icons';
import { type QualityReason, qualityText } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { App, Button, Input } from 'antd';
import { useDeferredValue, useMemo, useState } from 'react';
import { textOf } from '../api/api-error.ts';
import type { ListedDevice } from '../api/api-types.ts';
import { live, useNowMs, useReading, useWatchedSeries } from '../api/live.ts';
import { type BoundPoint, boundPointsQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { isStale } from '../design/freshness.ts';
import { QualityTag } from '../design/quality-tag.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { unitSymbol, Value } from '../design/value.tsx';
import { VirtualRows } from '../design/virtual-rows.tsx';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { addressWords } from './address-words.ts';

/** Which points a device delivers, from where in it, and what they read now. */
export function BindingTable({ device, mayWrite }: { device: ListedDevice; mayWrite: boolean }) {
  const t = useText();
  const { language } = useLanguage();
  const { modal, message } = App.useApp();
  const bound = useQuery(boundPointsQuery(device.id, live.put));
  const [typed, setTyped] = useState('');
  const q = useDeferredValue(typed.trim().toLowerCase());
  const shown = useMemo(
    () =>
      (bound.data ?? []).filter(({ binding, point }) =>
        `${point.thingName} ${point.name.zh} ${point.name.en} ${point.key} ${addressWords(binding.address, language)}`
          .toLowerCase()
          .includes(q),
      ),
    [bound.data, q, language],
  );
  const unbind = useMutation({
    mutationFn: ({ binding }: BoundPoint) => api.delete(`/bindings/${binding.series}`),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['bindings', device.id] });
      await queryClient.invalidateQueries({ queryKey: ['points'] });
    },
    onError: (error) => message.error(t(textOf(error))),
  });
  const narrow = matchMedia('(max-width: 767px)').matches;
  if (bound.isPending) return <LoadingState rows={8} />;
  if (bound.data === undefined) return <ErrorState error={bound.error} retry={() => void bound.refetch()} />;
  if (bound.data.length === 0)
    return (
      <section className="panel">
        <EmptyState icon={<TagsOutlined />} title={t(texts.noBindings)} text={t(texts.noBindingsText)}>
          {mayWrite && (
            <Link to="." search={{ tab: 'bind' }}>
              <Button type="primary">{t(texts.bind)}</Button>
            </Link>
          )}
        </EmptyState>
      </section>
    );
  const ask = (one: BoundPoint) =>
    modal.confirm({
      title: `${t(texts.unbind)}: ${one.point.thingName} · ${one.point.name[language]}`,
      content: t(texts.unbindSure),
      okText: t(texts.unbind),
      okButtonProps: { danger: true },
      onOk: () => unbind.mutateAsync(one).catch(() => undefined), // onError has told it
    });
  return (
    <section className="panel">
      <div className="panel-head">
        <span className="num second">{t(texts.count)(shown.length)}</span>
        <Input
          className="push"
          allowClear
          placeholder={t(texts.filter)}
          aria-label={t(texts.filter)}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          style={{ width: 200 }}
        />
      </div>
      <VirtualRows
        count={shown.length}
        rowPx={narrow ? 64 : 48}
        className="binding-row"
        minWidth={narrow ? 0 : 1060}
        head={
          <>
            <span>{t(texts.point)}</span>
            <span>{t(texts.address)}</span>
            <span className="right">{t(texts.value)}</span>
            <span>{t(texts.quality)}</span>
            <span>{t(texts.scaling)}</span>
            <span>{t(texts.deadband)}</span>
            <span title={t(texts.intervalsHint)}>{t(texts.intervals)}</span>
            <span />
          </>
        }
        row={(i) => {
          const one = shown[i];
          return one && <BindingRow one={one} unbind={mayWrite ? () => ask(one) : null} />;
        }}
      />
    </section>
  );
}

function BindingRow({ one: { binding, point }, unbind }: { one: BoundPoint; unbind: (() => void) | null }) {
  const t = useText();
  const { language } = useLanguage();
  const watched = useMemo(() => [point.series], [point.series]);
  useWatchedSeries(watched);
  const reading = useReading(point.series);
  const nowMs = useNowMs();
  const stale = reading !== null && isStale(reading, point.maxIntervalMs, nowMs);
  const words = addressWords(binding.address, language);
  const { scale, offset, deadband, minIntervalMs, maxIntervalMs } = binding;
  const plain = scale === 1 && offset === 0;
  return (
    <>
      <span className="name">
        <Link className="clip" to="/things/$id" params={{ id: binding.thing }}>
          {point.thingName} · {point.name[language]}
        </Link>
        <span className="clip quiet mono">{point.key}</span>
      </span>
      <span className={`clip where${binding.address.protocol === 'opc-ua' ? ' mono' : ' num'}`} title={words}>
        {words}
      </span>
      <span className="right clip reads">
        <Value reading={reading} unit={point.unit} decimals={point.decimals} stale={stale} />
      </span>
      <span className="row ill" title={reading === null ? undefined : t(qualityText(reading.reason as QualityReason))}>
        {stale && <span className="tag warning">{t(shared.stale)}</span>}
        {reading !== null && !(stale && reading.quality === 'good') && <QualityTag reading={reading} />}
      </span>
      <span className="num second nowrap refined">
        {plain ? '—' : `× ${scale}${offset === 0 ? '' : offset > 0 ? ` + ${offset}` : ` − ${-offset}`}`}
      </span>
      <span className="num second nowrap refined">
        {deadband === 0 ? '—' : `${deadband} ${unitSymbol(point.unit)}`}
      </span>
      <span className="num second nowrap refined" title={t(texts.intervalsHint)}>
        {seconds(minIntervalMs)} – {seconds(maxIntervalMs)} s
      </span>
      <span className="right">
        {unbind !== null && (
          <Button
            type="text"
            size="small"
            danger
            icon={<DisconnectOutlined />}
            title={t(texts.unbind)}
            aria-label={`${t(texts.unbind)}: ${point.thingName} · ${point.name[language]}`}
            onClick={unbind}
          />
        )}
      </span>
    </>
  );
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
