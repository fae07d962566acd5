import { Alert } from 'antd';
import { ApiError } from '../api/api-error.ts';
import { useText } from '../language/language.tsx';
import { shell } from '../language/shell-texts.ts';

/** Why a write was refused, above the form's buttons. Nothing when there is no error. */
export function Problem({ error }: { error: unknown }) {
  const t = useText();
  if (error === null || error === undefined) return null;
  const known = error instanceof ApiError ? error : null;
  return (
    <Alert
      type="error"
      showIcon
      style={{ marginBottom: 16 }}
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
