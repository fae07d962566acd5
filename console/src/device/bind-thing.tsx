import { ApartmentOutlined, CheckOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { useCallback, useMemo, useState } from 'react';
import type { ListedDevice } from '../api/api-types.ts';
import { thingPointsQuery } from '../api/queries.ts';
import { Problem } from '../design/problem.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { VirtualRows } from '../design/virtual-rows.tsx';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { type Both, useText } from '../language/language.tsx';
import { type BindingDraft, bindingOf, emptyBinding, isFilled, type NewBinding } from './binding-draft.ts';
import { DraftHead, DraftRow } from './draft-row.tsx';
import { useBind } from './use-bind.ts';

/** The unbound properties of one thing; those that get an address are bound. */
export function BindThing({ device, thing }: { device: ListedDevice; thing: string | null }) {
  const t = useText();
  const { protocol } = device;
  const points = useQuery({ ...thingPointsQuery(thing ?? ''), enabled: thing !== null, staleTime: 0 });
  const [drafts, setDrafts] = useState<ReadonlyMap<number, BindingDraft>>(new Map());
  const bind = useBind(device);
  const set = useCallback(
    (series: number, draft: BindingDraft) => setDrafts((before) => new Map(before).set(series, draft)),
    [],
  );
  const free = useMemo(() => (points.data ?? []).filter((point) => point.device === null), [points.data]);
  const { bindings, errors } = useMemo(() => {
    const right: NewBinding[] = [];
    const wrong = new Map<number, Both>();
    for (const point of free) {
      const draft = drafts.get(point.series);
      if (draft === undefined || !isFilled(draft, protocol)) continue;
      const made = bindingOf(draft, protocol, point);
      if ('ok' in made) right.push(made.ok);
      else wrong.set(point.series, made.error);
    }
    return { bindings: right, errors: wrong };
  }, [free, drafts, protocol]);
  if (thing === null)
    return <EmptyState icon={<ApartmentOutlined />} title={t(texts.thingFirst)} text={t(texts.thingFirstText)} />;
  if (points.isPending) return <LoadingState />;
  if (points.data === undefined) return <ErrorState error={points.error} retry={() => void points.refetch()} />;
  if (free.length === 0)
    return <EmptyState icon={<CheckOutlined />} title={t(texts.allBound)} text={t(texts.allBoundText)} />;
  return (
    <>
      <VirtualRows
        count={free.length}
        rowPx={56}
        className={`draft-row ${protocol === 'modbus-tcp' ? 'modbus' : 'opc-ua'}`}
        minWidth={protocol === 'modbus-tcp' ? 1090 : 860}
        head={<DraftHead protocol={protocol} />}
        row={(i) => {
          const point = free[i];
          return (
            point && (
              <DraftRow
                protocol={protocol}
                point={point}
                draft={drafts.get(point.series) ?? emptyBinding(point.type)}
                error={errors.get(point.series) ?? null}
                set={set}
              />
            )
          );
        }}
      />
      <div className="bind-foot">
        <span className="quiet" style={{ flex: '1 1 300px' }}>
          {protocol === 'modbus-tcp' && `${t(texts.fromZero)} `}
          {t(texts.refineHint)}
        </span>
        {errors.size > 0 && <span style={{ color: 'var(--broken)' }}>{t(texts.wrongRows)(errors.size)}</span>}
        <Button
          type="primary"
          disabled={bindings.length === 0 || errors.size > 0}
          loading={bind.isPending}
          onClick={() => bind.mutate(bindings)}
        >
          {t(texts.send)(bindings.length)}
        </Button>
      </div>
      <Problem error={bind.error} />
    </>
  );
}
