import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { sitesQuery } from '../api/queries.ts';
import { useText } from '../language/language.tsx';
import { thingsTexts as texts } from '../language/things-texts.ts';
import { siteRows } from './site-tree.ts';

interface Given {
  value?: string | null;
  onChange?: (site: string | null) => void;
  id?: string;
  placeholder?: string;
}

/** One place of the hierarchy, or none. */
export function SiteSelect({ value, onChange, id, placeholder }: Given) {
  const t = useText();
  const sites = useQuery(sitesQuery);
  return (
    <Select
      id={id}
      value={value ?? undefined}
      placeholder={placeholder ?? t(texts.noPlace)}
      allowClear
      showSearch={{ optionFilterProp: 'label' }}
      optionRender={({ label, data }) => <span style={{ paddingLeft: data.depth * 14 }}>{label}</span>}
      onChange={(next: string | undefined) => onChange?.(next ?? null)}
      options={siteRows(sites.data?.items ?? []).map(({ site, depth }) => ({
        value: site.id as string,
        label: site.name,
        depth,
      }))}
    />
  );
}
