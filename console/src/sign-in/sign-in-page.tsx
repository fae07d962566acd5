import type { Me } from '@luban/contracts';
import { useMutation } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Button, Form, Input } from 'antd';
import { meQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { signInTexts as texts } from '../language/sign-in-texts.ts';
import { Door } from '../shell/door.tsx';

export function SignInPage() {
  const t = useText();
  const navigate = useNavigate();
  const { next } = useSearch({ from: '/sign-in' });
  const enter = useMutation({
    mutationFn: (given: { email: string; password: string }) => api.post<Me>('/sessions', given),
    meta: { door: true },
    onSuccess: async (me) => {
      queryClient.clear();
      queryClient.setQueryData(meQuery.queryKey, me);
      await navigate({ href: next?.startsWith('/') && !next.startsWith('//') ? next : '/' });
    },
  });
  return (
    <Door>
      <h1>{t(texts.title)}</h1>
      <Form layout="vertical" requiredMark={false} onFinish={enter.mutate} style={{ marginTop: 20 }}>
        <Form.Item
          name="email"
          label={t(texts.email)}
          rules={[{ required: true, type: 'email', message: t(texts.emailWrong) }]}
          validateTrigger="onBlur"
        >
          <Input size="large" type="email" autoComplete="username" autoFocus />
        </Form.Item>
        <Form.Item
          name="password"
          label={t(texts.password)}
          rules={[{ required: true, message: t(shared.required) }]}
          validateTrigger="onBlur"
        >
          <Input.Password size="large" autoComplete="current-password" />
        </Form.Item>
        <Problem error={enter.error} />
        <Button type="primary" size="large" htmlType="submit" block loading={enter.isPending}>
          {t(texts.submit)}
        </Button>
      </Form>
      <p className="quiet" style={{ marginTop: 16, fontSize: 13 }}>
        {t(texts.forgotten)}
      </p>
    </Door>
  );
}
