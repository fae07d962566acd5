import type { Me } from '@luban/contracts';
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Button, Spin } from 'antd';
import { useEffect, useRef } from 'react';
import { meQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { useText } from '../language/language.tsx';
import { signInTexts as texts } from '../language/sign-in-texts.ts';
import { Door } from '../shell/door.tsx';

export function LinkPage() {
  const t = useText();
  const navigate = useNavigate();
  const { token } = useParams({ from: '/link/$token' });
  const used = useRef(false);
  const { mutate, error } = useMutation({
    mutationFn: (given: string) => api.post<Me>('/sessions/link', { token: given }),
    meta: { door: true },
    onSuccess: async (me) => {
      queryClient.clear();
      queryClient.setQueryData(meQuery.queryKey, me);
      await navigate({ to: '/', replace: true });
    },
  });
  useEffect(() => {
    if (used.current) return; // a link works once; React's development mode runs effects twice
    used.current = true;
    mutate(token);
  }, [mutate, token]);
  return (
    <Door>
      {error === null ? (
        <div className="state-page">
          <Spin />
          <p>{t(texts.linkTitle)}</p>
        </div>
      ) : (
        <div style={{ display: 'grid', gap: 14 }}>
          <h1>{t(texts.linkFailed)}</h1>
          <Problem error={error} />
          <p className="second">{t(texts.linkNext)}</p>
          <Link to="/sign-in">
            <Button type="primary" block>
              {t(texts.toSignIn)}
            </Button>
          </Link>
        </div>
      )}
    </Door>
  );
}
