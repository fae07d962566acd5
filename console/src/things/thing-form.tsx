import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Alert, Form, Input, Modal, Select } from 'antd';
import type { ListedThing } from '../api/api-types.ts';
import { modelsQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { modelsTexts } from '../language/models-texts.ts';
import { shared } from '../language/shared-texts.ts';
import { thingsTexts as texts } from '../language/things-texts.ts';
import { SiteSelect } from './site-select.tsx';

interface Fields {
  name: string;
  key: string;
  model: string;
  site: string | null;
}

/** A new thing; leads to its page. */
export function ThingForm({ site, close }: { site: string | undefined; close: () => void }) {
  const t = useText();
  const { language } = useLanguage();
  const navigate = useNavigate();
  const [form] = Form.useForm<Fields>();
  const models = useQuery(modelsQuery);
  const save = useMutation({
    mutationFn: (fields: Fields) =>
      api.post<ListedThing>('/things', { ...fields, name: fields.name.trim(), site: fields.site ?? null }),
    onSuccess: async (thing) => {
      await queryClient.invalidateQueries({ queryKey: ['things'] });
      await navigate({ to: '/things/$id', params: { id: thing.id } });
    },
  });
  return (
    <Modal
      open
      title={t(texts.add)}
      onCancel={close}
      onOk={form.submit}
      okText={t(shared.save)}
      confirmLoading={save.isPending}
      width={460}
    >
      {models.data?.items.length === 0 && (
        <Alert
          type="info"
          showIcon
          title={t(texts.noModels)}
          action={<Link to="/thing-models/new">{t(modelsTexts.add)}</Link>}
          style={{ marginBottom: 16 }}
        />
      )}
      <Problem error={save.error ?? models.error} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{ site: site ?? null }}
      >
        <Form.Item
          name="name"
          label={t(shared.name)}
          rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
        >
          <Input maxLength={120} autoFocus />
        </Form.Item>
        <Form.Item
          name="key"
          label={t(texts.key)}
          extra={t(texts.keyHint)}
          validateTrigger="onBlur"
          rules={[{ required: true, pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/, message: t(texts.keyWrong) }]}
        >
          <Input maxLength={60} className="mono" />
        </Form.Item>
        <Form.Item name="model" label={t(texts.model)} rules={[{ required: true, message: t(shared.required) }]}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            loading={models.isPending}
            options={(models.data?.items ?? []).map((model) => ({
              value: model.id,
              label: `${model.name[language]} (${model.properties.length})`,
            }))}
          />
        </Form.Item>
        <Form.Item name="site" label={t(texts.place)}>
          <SiteSelect />
        </Form.Item>
      </Form>
    </Modal>
  );
}
