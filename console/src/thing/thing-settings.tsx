import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { App, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import type { ListedThing } from '../api/api-types.ts';
import { useOpenedWith } from '../api/opened-with.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { thingTexts as texts } from '../language/thing-texts.ts';
import { thingsTexts } from '../language/things-texts.ts';
import { SiteSelect } from '../things/site-select.tsx';

interface Fields {
  name: string;
  key: string;
  site: string | null;
}

export function ThingSettings({ thing }: { thing: ListedThing }) {
  const [turn, setTurn] = useState(0);
  return <ThingForm key={turn} thing={thing} reload={() => setTurn(turn + 1)} />;
}

function ThingForm({ thing, reload }: { thing: ListedThing; reload: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const { modal, message } = App.useApp();
  const { etag, saved } = useOpenedWith<ListedThing>(thing, ({ name, key, site }) => [name, key, site]);
  const save = useMutation({
    mutationFn: (fields: Fields) => {
      const body = { ...fields, name: fields.name.trim(), site: fields.site ?? null };
      return api.patch<ListedThing>(`/things/${thing.id}`, body, etag);
    },
    onSuccess: async (changed) => {
      saved(changed);
      await queryClient.invalidateQueries();
      message.success(t(texts.saved));
    },
  });
  const remove = useMutation({
    mutationFn: () => api.delete(`/things/${thing.id}`),
    onSuccess: async () => {
      await navigate({ to: '/things' });
      queryClient.removeQueries({ queryKey: ['thing', thing.id] });
      await queryClient.invalidateQueries({ queryKey: ['things'] });
    },
    onError: (error) => message.error(t(textOf(error))),
  });
  return (
    <section className="panel form-panel">
      <Problem error={save.error} reload={reload} />
      <Form
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{ name: thing.name, key: thing.key, site: thing.site }}
      >
        <Form.Item
          name="name"
          label={t(shared.name)}
          rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
        >
          <Input maxLength={120} />
        </Form.Item>
        <Form.Item
          name="key"
          label={t(thingsTexts.key)}
          extra={t(thingsTexts.keyHint)}
          rules={[{ required: true, pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/, message: t(thingsTexts.keyWrong) }]}
        >
          <Input maxLength={60} className="mono" />
        </Form.Item>
        <Form.Item name="site" label={t(thingsTexts.place)}>
          <SiteSelect />
        </Form.Item>
        <div className="row">
          <Button type="primary" htmlType="submit" loading={save.isPending}>
            {t(shared.save)}
          </Button>
          <Button
            className="push"
            danger
            onClick={() =>
              modal.confirm({
                title: `${t(texts.removeThing)}: ${thing.name}`,
                content: t(texts.removeSure),
                okText: t(shared.remove),
                okButtonProps: { danger: true },
                onOk: () => remove.mutateAsync().catch(() => undefined), // onError has told it
              })
            }
          >
            {t(texts.removeThing)}
          </Button>
        </div>
      </Form>
    </section>
  );
}
