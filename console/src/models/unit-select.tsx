import { type Unit, units } from '@luban/contracts';
import { Select } from 'antd';
import { useMemo } from 'react';
import { useLanguage, useText } from '../language/language.tsx';
import { modelsTexts as texts } from '../language/models-texts.ts';

interface Given {
  value: Unit | null;
  onChange: (unit: Unit | null) => void;
  disabled: boolean;
  label: string;
}

/** A unit, found by its symbol or its name in either language. */
export function UnitSelect({ value, onChange, disabled, label }: Given) {
  const t = useText();
  const { language } = useLanguage();
  const options = useMemo(
    () =>
      Object.entries(units).map(([code, unit]) => ({
        value: code as Unit,
        label: `${unit.symbol} ${unit[language]}`.trim(),
        words: `${unit.symbol} ${unit.zh} ${unit.en} ${code}`,
      })),
    [language],
  );
  return (
    <Select<Unit | null, (typeof options)[number]>
      value={value}
      onChange={(next) => onChange(next ?? null)}
      allowClear
      disabled={disabled}
      placeholder={t(texts.noUnit)}
      aria-label={label}
      showSearch={{ optionFilterProp: 'words' }}
      popupMatchSelectWidth={220}
      options={options}
    />
  );
}
