import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useDeferredValue, useState } from 'react';
import { thingsQuery } from '../api/queries.ts';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { useText } from '../language/language.tsx';

/** One thing of any number, found by name or key. */
export function ThingSelect({ value, onChange }: { value: string | null; onChange: (thing: string) => void }) {
  const t = useText();
  const [typed, setTyped] = useState('');
  const q = useDeferredValue(typed.trim());
  const found = useInfiniteQuery({
    ...thingsQuery({ q: q || undefined }, 50),
    refetchInterval: false,
    placeholderData: keepPreviousData,
  });
  return (
    <Select
      value={value}
      onChange={(next: string | null) => next !== null && onChange(next)}
      showSearch={{ onSearch: setTyped, filterOption: false }}
      loading={found.isFetching}
      placeholder={t(texts.chooseThing)}
      aria-label={t(texts.chooseThing)}
      style={{ flex: '1 1 240px', maxWidth: 420, minWidth: 0 }}
      options={(found.data?.pages[0]?.items ?? []).map((thing) => ({
        value: thing.id as string,
        label: `${thing.name} · ${thing.key}`,
      }))}
    />
  );
}
