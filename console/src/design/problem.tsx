import { Alert, Button } from 'antd';
import { ApiError } from '../api/api-error.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { shell } from '../language/shell-texts.ts';

/** Why a write was refused, above the form's buttons. Nothing when there is no error. `reload`: shows what is there now. */
export function Problem({ error, reload }: { error: unknown; reload?: () => void }) {
  const t = useText();
  if (error === null || error === undefined) return null;
  const known = error instanceof ApiError ? error : null;
  return (
    <Alert
      type="error"
      showIcon
      style={{ marginBottom: 16 }}
      action={
        reload !== undefined &&
        known?.code === 'request.stale' && (
          <Button size="small" onClick={reload}>
            {t(shared.loadAgain)}
          </Button>
        )
      }
      title={t(known?.text ?? shell.crashText)}
      description={
        known !== null && known.fields.length > 0 ? (
          <ul style={{ paddingLeft: 16 }}>
            {known.fields.map((field) => (
              <li key={field.pointer + field.message}>
                <span className="mono">{field.pointer.replace(/^\//, '')}</span> {field.message}
              </li>
            ))}
          </ul>
        ) : undefined
      }
    />
  );
}
