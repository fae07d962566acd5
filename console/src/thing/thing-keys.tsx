import { KeyOutlined, PlusOutlined } from '@ant-design/icons';
import type { ThingKey } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { App, Button, Form, Input, Modal, Switch } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import type { IssuedThingKey } from '../api/api-types.ts';
import { thingKeysQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Day } from '../design/moment.tsx';
import { Problem } from '../design/problem.tsx';
import { Secret } from '../design/secret.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { thingTexts as texts } from '../language/thing-texts.ts';

interface KeyFields {
  name: string;
  signs?: boolean;
  login?: string;
  secret?: string;
}

function bodyOf({ name, signs, login = '', secret = '' }: KeyFields) {
  if (!signs) return { name: name.trim() };
  return { name: name.trim(), signed: { login: login.trim(), ...(secret === '' ? {} : { secret: secret.trim() }) } };
}

/** The keys with which a thing sends by itself. */
export function ThingKeys({ thing }: { thing: string }) {
  const t = useText();
  const { modal, message } = App.useApp();
  const keys = useQuery(thingKeysQuery(thing));
  const [issuing, setIssuing] = useState(false);
  const again = () => queryClient.invalidateQueries({ queryKey: ['thing-keys', thing] });
  const issue = useMutation({
    mutationFn: (fields: KeyFields) => api.post<IssuedThingKey>(`/things/${thing}/keys`, bodyOf(fields)),
    onSuccess: again,
  });
  const revoke = useMutation({
    mutationFn: (key: ThingKey) => api.delete(`/things/${thing}/keys/${key.id}`),
    onSuccess: again,
    onError: (error) => message.error(t(textOf(error))),
  });
  const close = () => {
    setIssuing(false);
    issue.reset();
  };
  const items = keys.data?.items ?? [];
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.keys)}</h2>
        <Button className="push" size="small" icon={<PlusOutlined />} onClick={() => setIssuing(true)}>
          {t(texts.newKey)}
        </Button>
      </div>
      {keys.isPending ? (
        <LoadingState rows={2} />
      ) : keys.isError ? (
        <ErrorState error={keys.error} retry={() => void keys.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<KeyOutlined />} title={t(texts.noKeys)} text={t(texts.noKeysText)} />
      ) : (
        <div className="table-scroll">
          <table className="table">
            <tbody>
              {items.map((key) => (
                <tr key={key.id}>
                  <td>{key.name}</td>
                  <td className="mono quiet">
                    {key.login === null ? (
                      `${key.prefix}…`
                    ) : (
                      <>
                        {key.login} <span className="tag">{t(texts.signs)}</span>
                      </>
                    )}
                  </td>
                  <td className="second">
                    {t(texts.created)} <Day timeMs={Date.parse(key.createdAt)} />
                  </td>
                  <td className="right">
                    <Button
                      size="small"
                      danger
                      type="text"
                      onClick={() =>
                        modal.confirm({
                          title: `${t(texts.revoke)}: ${key.name}`,
                          content: t(texts.revokeSure),
                          okText: t(texts.revoke),
                          okButtonProps: { danger: true },
                          onOk: () => revoke.mutateAsync(key).catch(() => undefined), // onError has told it
                        })
                      }
                    >
                      {t(texts.revoke)}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Modal open={issuing} title={t(texts.newKey)} onCancel={close} footer={null} destroyOnHidden>
        {issue.data === undefined ? (
          <Form layout="vertical" requiredMark={false} onFinish={issue.mutate}>
            <Form.Item
              name="name"
              label={t(texts.keyName)}
              rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
            >
              <Input placeholder={t(texts.keyExample)} maxLength={120} autoFocus />
            </Form.Item>
            <Form.Item name="signs" label={t(texts.signsLabel)} extra={t(texts.signsHelp)} valuePropName="checked">
              <Switch />
            </Form.Item>
            <Form.Item noStyle shouldUpdate={(before, after) => before.signs !== after.signs}>
              {({ getFieldValue }) =>
                getFieldValue('signs') === true && (
                  <>
                    <Form.Item
                      name="login"
                      label={t(texts.login)}
                      extra={t(texts.loginHelp)}
                      rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
                    >
                      <Input className="mono" placeholder="sensor01&a1B2c3D4e5F" maxLength={200} />
                    </Form.Item>
                    <Form.Item name="secret" label={t(texts.deviceSecret)} extra={t(texts.deviceSecretHelp)}>
                      <Input className="mono" maxLength={128} autoComplete="off" />
                    </Form.Item>
                  </>
                )
              }
            </Form.Item>
            <Problem error={issue.error} />
            <Button type="primary" htmlType="submit" loading={issue.isPending} block>
              {t(texts.newKey)}
            </Button>
          </Form>
        ) : (
          <>
            <p>{t(texts.keyOnce)}</p>
            <Secret text={issue.data.secret} />
            <p className="second">
              {issue.data.login === null ? t(texts.keyUse) : t(texts.signedUse)(issue.data.login)}
            </p>
          </>
        )}
      </Modal>
    </section>
  );
}
