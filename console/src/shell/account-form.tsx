import type { Me } from '@luban/contracts';
import { useMutation } from '@tanstack/react-query';
import { App, Form, Input, Modal } from 'antd';
import { meQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { shell as texts } from '../language/shell-texts.ts';
import { usersTexts } from '../language/users-texts.ts';

interface Fields {
  name: string;
  newPassword?: string;
  currentPassword?: string;
}

/** The signed-in user's own name and password. */
export function AccountForm({ me, close }: { me: Me; close: () => void }) {
  const t = useText();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const changing = (Form.useWatch('newPassword', form) ?? '') !== '';
  const save = useMutation({
    mutationFn: ({ name, newPassword, currentPassword }: Fields) =>
      api.patch<Me>('/me', {
        name: name.trim(),
        ...(newPassword ? { newPassword, currentPassword: currentPassword || undefined } : {}),
      }),
    // A wrong present password is told here; it is no reason to leave the page.
    meta: { door: true },
    onSuccess: (saved) => {
      queryClient.setQueryData(meQuery.queryKey, saved);
      message.success(t(texts.accountSaved));
      close();
    },
  });
  return (
    <Modal
      open
      title={t(texts.account)}
      onCancel={close}
      onOk={form.submit}
      okText={t(shared.save)}
      confirmLoading={save.isPending}
      width={420}
    >
      <p className="second" style={{ marginBottom: 12 }}>
        {me.user.email}
      </p>
      <Problem error={save.error} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={save.mutate}
        initialValues={{ name: me.user.name }}
      >
        <Form.Item
          name="name"
          label={t(shared.name)}
          rules={[{ required: true, whitespace: true, message: t(shared.required) }]}
        >
          <Input maxLength={120} autoComplete="name" />
        </Form.Item>
        <Form.Item
          name="newPassword"
          label={t(texts.newPassword)}
          extra={t(texts.newPasswordHint)}
          validateTrigger="onBlur"
          rules={[{ min: 10, message: t(usersTexts.passwordShort) }]}
        >
          <Input.Password autoComplete="new-password" maxLength={200} />
        </Form.Item>
        {changing && (
          <Form.Item name="currentPassword" label={t(texts.currentPassword)} extra={t(texts.currentPasswordHint)}>
            <Input.Password autoComplete="current-password" maxLength={200} />
          </Form.Item>
        )}
      </Form>
    </Modal>
  );
}
