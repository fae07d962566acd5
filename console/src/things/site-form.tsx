import { mayContain, type Site, type SiteLevel, siteLevels } from '@luban/contracts';
import { useMutation } from '@tanstack/react-query';
import { Form, Input, Modal, Select } from 'antd';
import type { Tagged } from '../api/api-types.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { useText } from '../language/language.tsx';
import { shared, siteLevelTexts } from '../language/shared-texts.ts';
import { thingsTexts as texts } from '../language/things-texts.ts';
import { siteRows } from './site-tree.ts';

interface Given {
  /** Null: a new one. */
  site: Tagged<Site> | null;
  parent: Site | null;
  sites: readonly Site[];
  close: () => void;
}
interface Fields {
  name: string;
  level: SiteLevel;
  parent: string;
}

export function SiteForm({ site, parent, sites, close }: Given) {
  const t = useText();
  const [form] = Form.useForm<Fields>();
  const level = Form.useWatch('level', form);
  const save = useMutation({
    mutationFn: (fields: Fields) => {
      const body = {
        name: fields.name.trim(),
        level: fields.level,
        parent: fields.parent === '' ? null : fields.parent,
      };
      return site === null ? api.post('/sites', body) : api.patch(`/sites/${site.id}`, body, site.etag);
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['sites'] });
      close();
    },
  });
  const above = siteRows(sites).filter(
    (row) => row.site.id !== site?.id && (level === undefined || mayContain(row.site.level, level)),
  );
  const nextLevel = parent === null ? 'site' : siteLevels[siteLevels.indexOf(parent.level) + 1];
  return (
    <Modal
      open
      title={t(site === null ? texts.addPlace : texts.editPlace)}
      onCancel={close}
      onOk={form.submit}
      okText={t(shared.save)}
      confirmLoading={save.isPending}
      width={420}
    >
      <Problem error={save.error} reload={close} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{
          name: site?.name ?? '',
          level: site?.level ?? nextLevel,
          parent: site?.parent ?? parent?.id ?? '',
        }}
      >
        <Form.Item
          name="name"
          label={t(shared.name)}
          rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
        >
          <Input maxLength={120} autoFocus />
        </Form.Item>
        <Form.Item name="level" label={t(texts.level)}>
          <Select options={siteLevels.map((one) => ({ value: one, label: t(siteLevelTexts[one]) }))} />
        </Form.Item>
        <Form.Item name="parent" label={t(texts.parent)}>
          <Select
            options={[
              { value: '', label: t(texts.top) },
              ...above.map(({ site: one, depth }) => ({ value: one.id, label: `${'　'.repeat(depth)}${one.name}` })),
            ]}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}
