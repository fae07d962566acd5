import { DeleteOutlined, UserAddOutlined } from '@ant-design/icons';
import { type Role, roles, type User } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { App, Button, Form, Input, Modal, Select } from 'antd';
import { useState } from 'react';
import { textOf } from '../api/api-error.ts';
import type { Tagged } from '../api/api-types.ts';
import { meQuery, usersQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Day } from '../design/moment.tsx';
import { Problem } from '../design/problem.tsx';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { useLanguage, useText } from '../language/language.tsx';
import { roleTexts, shared } from '../language/shared-texts.ts';
import { roleMay, usersTexts as texts } from '../language/users-texts.ts';

/** Who may enter, and as what. */
export function UsersPage() {
  const t = useText();
  const { modal, message } = App.useApp();
  const me = useQuery(meQuery).data;
  const mayWrite = me?.permissions.includes('users.write') === true;
  const users = useQuery(usersQuery);
  const [adding, setAdding] = useState(false);
  const again = () => queryClient.invalidateQueries({ queryKey: ['users'] });
  const onError = (error: unknown) => message.error(t(textOf(error)));
  const change = useMutation({
    mutationFn: ({ id, etag, role }: Tagged<{ id: string; role: Role }>) => api.patch(`/users/${id}`, { role }, etag),
    onSuccess: async () => {
      await again();
      message.success(t(texts.changed));
    },
    onError,
  });
  const remove = useMutation({
    mutationFn: (user: User) => api.delete(`/users/${user.id}`),
    onSuccess: again,
    onError,
  });
  const options = roles.map((role) => ({ value: role, label: t(roleTexts[role]) }));
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t(texts.title)}</h1>
        {mayWrite && (
          <div className="actions">
            <Button type="primary" icon={<UserAddOutlined />} onClick={() => setAdding(true)}>
              {t(texts.add)}
            </Button>
          </div>
        )}
      </div>
      <section className="panel table-scroll">
        {users.isPending ? (
          <LoadingState />
        ) : users.data === undefined ? (
          <ErrorState error={users.error} retry={() => void users.refetch()} />
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th>{t(shared.name)}</th>
                <th>{t(texts.email)}</th>
                <th>{t(texts.role)}</th>
                <th>{t(texts.since)}</th>
                <th>
                  <span className="visually-hidden">{t(shared.remove)}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {users.data.items.map((user) => {
                const self = user.id === me?.user.id;
                return (
                  <tr key={user.id}>
                    <td className="nowrap">
                      {user.name} {self && <span className="tag">{t(texts.you)}</span>}
                    </td>
                    <td className="second">{user.email}</td>
                    <td>
                      {mayWrite && !self ? (
                        <Select
                          value={user.role}
                          options={options}
                          onChange={(role) => change.mutate({ id: user.id, etag: user.etag, role })}
                          style={{ width: 120 }}
                          aria-label={`${t(texts.role)}: ${user.name}`}
                        />
                      ) : (
                        t(roleTexts[user.role])
                      )}
                    </td>
                    <td className="second">
                      <Day timeMs={Date.parse(user.createdAt)} />
                    </td>
                    <td className="right">
                      {mayWrite && !self && (
                        <Button
                          type="text"
                          danger
                          icon={<DeleteOutlined />}
                          aria-label={`${t(texts.remove)}: ${user.name}`}
                          onClick={() =>
                            modal.confirm({
                              title: `${t(texts.remove)}: ${user.name}`,
                              content: t(texts.removeSure),
                              okText: t(shared.remove),
                              okButtonProps: { danger: true },
                              onOk: () => remove.mutateAsync(user).catch(() => undefined), // onError has told it
                            })
                          }
                        />
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </section>
      <section className="panel">
        <div className="panel-head">
          <h2>{t(texts.roles)}</h2>
        </div>
        <table className="table">
          <tbody>
            {roles.map((role) => (
              <tr key={role}>
                <td style={{ width: 140 }}>{t(roleTexts[role])}</td>
                <td className="second">{t(roleMay[role])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {adding && <UserForm close={() => setAdding(false)} />}
    </div>
  );
}

function UserForm({ close }: { close: () => void }) {
  const t = useText();
  const { language } = useLanguage();
  const [form] = Form.useForm();
  const save = useMutation({
    mutationFn: (fields: object) => api.post('/users', fields),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['users'] });
      close();
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
      width={440}
    >
      <Problem error={save.error} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{ role: 'operator', language }}
      >
        <Form.Item
          name="name"
          label={t(shared.name)}
          rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
        >
          <Input maxLength={120} autoFocus autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="email"
          label={t(texts.email)}
          validateTrigger="onBlur"
          rules={[{ required: true, type: 'email', message: t(texts.emailWrong) }]}
        >
          <Input type="email" autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="password"
          label={t(texts.password)}
          extra={t(texts.passwordHint)}
          validateTrigger="onBlur"
          rules={[{ required: true, min: 10, message: t(texts.passwordShort) }]}
        >
          <Input.Password autoComplete="new-password" maxLength={200} />
        </Form.Item>
        <Form.Item name="role" label={t(texts.role)}>
          <Select
            options={roles.map((role) => ({ value: role, label: `${t(roleTexts[role])} · ${t(roleMay[role])}` }))}
          />
        </Form.Item>
        <Form.Item name="language" label={t(texts.language)}>
          <Select
            options={[
              { value: 'zh', label: '中文' },
              { value: 'en', label: 'English' },
            ]}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}
