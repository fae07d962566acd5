import { ApiOutlined, InboxOutlined, LockOutlined, WarningOutlined } from '@ant-design/icons';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { type ReactNode, useEffect, useRef } from 'react';
import { ApiError } from '../api/api-error.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { shell } from '../language/shell-texts.ts';

/** Nothing here yet, and what to do next. */
export function EmptyState(props: { title: string; text?: string; icon?: ReactNode; children?: ReactNode }) {
  return (
    <div className="state-page">
      <span className="mark" aria-hidden="true">
        {props.icon ?? <InboxOutlined />}
      </span>
      <strong>{props.title}</strong>
      {props.text !== undefined && <p>{props.text}</p>}
      {props.children !== undefined && <div className="actions">{props.children}</div>}
    </div>
  );
}

const tryAgainMs = 3000;

/** What went wrong in the platform's own words, and a way on. While the platform is out of reach it keeps trying. */
export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useText();
  const known = error instanceof ApiError ? error : null;
  const again = useRef(retry);
  again.current = retry;
  const away = known?.status === 0;
  useEffect(() => {
    if (!away) return;
    const timer = setInterval(() => again.current?.(), tryAgainMs);
    return () => clearInterval(timer);
  }, [away]);
  const title =
    known?.status === 0
      ? t(shared.unreachableTitle)
      : known?.status === 403
        ? t(shared.deniedTitle)
        : known?.status === 404
          ? t(shared.missingTitle)
          : t(known === null ? shell.crashTitle : shared.errorTitle);
  const icon = known?.status === 0 ? <ApiOutlined /> : known?.status === 403 ? <LockOutlined /> : <WarningOutlined />;
  return (
    <div className="state-page" role="alert">
      <span className="mark broken" aria-hidden="true">
        {icon}
      </span>
      <strong>{title}</strong>
      <p>{t(known === null ? shell.crashText : known.text)}</p>
      {known !== null && known.status > 0 && (
        <p className="quiet mono">
          {known.code}
          {known.traceId !== null && ` · ${t(shared.traceId)} ${known.traceId}`}
        </p>
      )}
      <div className="actions">
        {known?.status === 404 && (
          <Link to="/">
            <Button type="primary">{t(shell.toOverview)}</Button>
          </Link>
        )}
        {retry !== undefined && <Button onClick={retry}>{t(shared.retry)}</Button>}
        {known === null && <Button onClick={() => location.reload()}>{t(shell.reload)}</Button>}
      </div>
    </div>
  );
}

/** Bars where the rows will be: the page keeps its shape while it loads. */
export function LoadingState({ rows = 5 }: { rows?: number }) {
  const t = useText();
  return (
    <div role="status" style={{ display: 'grid', gap: 18, padding: 20 }}>
      <span className="visually-hidden">{t(shared.loading)}</span>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity
        <div key={i} className="skeleton" style={{ width: `${88 - ((i * 23) % 41)}%` }} />
      ))}
    </div>
  );
}
