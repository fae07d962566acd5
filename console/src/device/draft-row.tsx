import type { Protocol } from '@luban/contracts';
import { Input, InputNumber, Select } from 'antd';
import { memo } from 'react';
import type { ListedPoint } from '../api/api-types.ts';
import { unitSymbol } from '../design/value.tsx';
import { areaTexts, deviceTexts as texts } from '../language/device-texts.ts';
import { type Both, useLanguage, useText } from '../language/language.tsx';
import { areas, encodings, hasWordOrder, isBitArea } from './address-words.ts';
import type { BindingDraft } from './binding-draft.ts';

export function DraftHead({ protocol }: { protocol: Protocol }) {
  const t = useText();
  return (
    <>
      <span>{t(texts.point)}</span>
      {protocol === 'modbus-tcp' ? (
        <>
          <span>{t(texts.area)}</span>
          <span>{t(texts.number)}</span>
          <span>{t(texts.encoding)}</span>
          <span>{t(texts.order)}</span>
          <span>{t(texts.bitLength)}</span>
        </>
      ) : (
        <span>{t(texts.nodeId)}</span>
      )}
      <span>{t(texts.scale)}</span>
      <span>{t(texts.offset)}</span>
      <span>{t(texts.deadband)}</span>
      <span>{t(texts.minMs)}</span>
      <span>{t(texts.maxMs)}</span>
    </>
  );
}

interface Given {
  protocol: Protocol;
  point: ListedPoint;
  draft: BindingDraft;
  error: Both | null;
  set: (series: number, draft: BindingDraft) => void;
}
const numbers = [
  ['scale', texts.scale, undefined],
  ['offset', texts.offset, undefined],
  ['deadband', texts.deadband, 0],
  ['minIntervalMs', texts.minMs, 0],
  ['maxIntervalMs', texts.maxMs, 1000],
] as const;

/** One property: its address in the protocol's own parts, then what the edge makes of the reading. */
export const DraftRow = memo(function DraftRow({ protocol, point, draft, error, set }: Given) {
  const t = useText();
  const { language } = useLanguage();
  const name = point.name[language];
  const change = (part: Partial<BindingDraft>) => set(point.series, { ...draft, ...part });
  const label = (field: Both) => `${name}: ${t(field)}`;
  return (
    <>
      <span className="name">
        <span className="clip" title={`${name} (${point.key})`}>
          {name} <span className="quiet">{unitSymbol(point.unit)}</span>
        </span>
        {error === null ? (
          <span className="clip quiet mono">{point.key}</span>
        ) : (
          <span className="clip wrong" title={t(error)}>
            {t(error)}
          </span>
        )}
      </span>
      {protocol === 'modbus-tcp' ? (
        <ModbusAddress draft={draft} change={change} label={label} />
      ) : (
        <Input
          className="mono"
          placeholder="ns=2;s=…"
          maxLength={500}
          status={error === null ? undefined : 'error'}
          aria-label={label(texts.nodeId)}
          value={draft.nodeId}
          onChange={(event) => change({ nodeId: event.target.value })}
        />
      )}
      {numbers.map(([field, text, min]) => (
        <InputNumber
          key={field}
          min={min}
          controls={false}
          disabled={point.type !== 'number' && (field === 'scale' || field === 'offset' || field === 'deadband')}
          aria-label={label(text)}
          value={draft[field]}
          onChange={(value) => change({ [field]: value })}
        />
      ))}
    </>
  );
});

interface AddressGiven {
  draft: BindingDraft;
  change: (part: Partial<BindingDraft>) => void;
  label: (field: Both) => string;
}
function ModbusAddress({ draft, change, label }: AddressGiven) {
  const t = useText();
  const bits = isBitArea(draft.area);
  const part = bits ? null : draft.encoding === 'bit' ? 'bit' : draft.encoding === 'string' ? 'length' : null;
  return (
    <>
      <Select
        value={draft.area}
        onChange={(area) => change({ area })}
        aria-label={label(texts.area)}
        popupMatchSelectWidth={false}
        options={areas.map((area) => ({ value: area, label: t(areaTexts[area]) }))}
      />
      <InputNumber
        min={0}
        max={65_535}
        precision={0}
        controls={false}
        aria-label={label(texts.number)}
        value={draft.address}
        onChange={(address) => change({ address })}
      />
      {bits ? (
        <>
          <span className="quiet">—</span>
          <span className="quiet">—</span>
        </>
      ) : (
        <>
          <Select
            value={draft.encoding}
            onChange={(encoding) => change({ encoding })}
            aria-label={label(texts.encoding)}
            options={encodings.map((encoding) => ({ value: encoding, label: encoding }))}
          />
          {hasWordOrder(draft.encoding) ? (
            <Select
              value={draft.wordOrder}
              onChange={(wordOrder) => change({ wordOrder })}
              aria-label={label(texts.order)}
              options={[
                { value: 'big', label: 'ABCD' },
                { value: 'little', label: 'CDAB' },
              ]}
            />
          ) : (
            <span className="quiet">—</span>
          )}
        </>
      )}
      {part === null ? (
        <span className="quiet">—</span>
      ) : (
        <InputNumber
          min={part === 'bit' ? 0 : 1}
          max={part === 'bit' ? 15 : 125}
          precision={0}
          controls={false}
          placeholder={part === 'bit' ? '0–15' : '1–125'}
          aria-label={label(texts[part])}
          value={draft[part]}
          onChange={(value) => change({ [part]: value })}
        />
      )}
    </>
  );
}
