import { DeleteOutlined } from '@ant-design/icons';
import { dataType } from '@luban/contracts';
import { Button, Input, InputNumber, Select } from 'antd';
import { memo } from 'react';
import { type Both, useText } from '../language/language.tsx';
import { modelsTexts as texts, typeTexts } from '../language/models-texts.ts';
import type { PropertyDraft } from './property-draft.ts';
import { UnitSelect } from './unit-select.tsx';

export function PropertyHead() {
  const t = useText();
  return (
    <>
      <span>{t(texts.key)}</span>
      <span>{t(texts.zh)}</span>
      <span>{t(texts.en)}</span>
      <span>{t(texts.type)}</span>
      <span>{t(texts.unit)}</span>
      <span>{t(texts.min)}</span>
      <span>{t(texts.max)}</span>
      <span>{t(texts.decimals)}</span>
      <span />
    </>
  );
}

interface Given {
  draft: PropertyDraft;
  error: Both | null;
  set: (draft: PropertyDraft) => void;
  remove: (id: string) => void;
}

/** One property of a model that is being made. */
export const PropertyRow = memo(function PropertyRow({ draft, error, set, remove }: Given) {
  const t = useText();
  const change = (part: Partial<PropertyDraft>) => set({ ...draft, ...part });
  const label = (field: Both) => `${draft.key}: ${t(field)}`;
  const number = draft.type === 'number';
  return (
    <>
      <span style={{ minWidth: 0 }}>
        <Input
          className="mono"
          status={error === null ? undefined : 'error'}
          placeholder="spindle.speed"
          maxLength={80}
          aria-label={label(texts.key)}
          value={draft.key}
          onChange={(event) => change({ key: event.target.value })}
        />
        {error !== null && (
          <span className="wrong clip" title={t(error)}>
            {t(error)}
          </span>
        )}
      </span>
      <Input
        maxLength={120}
        aria-label={label(texts.zh)}
        value={draft.zh}
        onChange={(event) => change({ zh: event.target.value })}
      />
      <Input
        maxLength={120}
        aria-label={label(texts.en)}
        value={draft.en}
        onChange={(event) => change({ en: event.target.value })}
      />
      <Select
        value={draft.type}
        onChange={(type) => change({ type })}
        aria-label={label(texts.type)}
        options={dataType.options.map((type) => ({ value: type, label: t(typeTexts[type]) }))}
      />
      <UnitSelect
        value={draft.unit}
        onChange={(unit) => change({ unit })}
        disabled={!number}
        label={label(texts.unit)}
      />
      {(['min', 'max', 'decimals'] as const).map((field) => (
        <InputNumber
          key={field}
          controls={false}
          disabled={!number}
          min={field === 'decimals' ? 0 : undefined}
          max={field === 'decimals' ? 9 : undefined}
          placeholder={field === 'decimals' ? t(texts.auto) : undefined}
          aria-label={label(texts[field])}
          value={draft[field]}
          onChange={(value) => change({ [field]: value })}
        />
      ))}
      <Button
        type="text"
        size="small"
        icon={<DeleteOutlined />}
        title={t(texts.removeRow)}
        aria-label={label(texts.removeRow)}
        onClick={() => remove(draft.id)}
      />
    </>
  );
});
