import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

/** A text to take along: a key, a command. */
export function Secret({ text }: { text: string }) {
  const t = useText();
  const [copied, setCopied] = useState(false);
  const copy = () =>
    // Without HTTPS there may be no clipboard; the text can still be marked and copied by hand.
    navigator.clipboard?.writeText(text).then(
      () => {
        setCopied(true);
        setTimeout(() => setCopied(false), 2000);
      },
      (error: unknown) => console.warn('The clipboard refused:', error),
    );
  return (
    <div className="secret">
      <code>{text}</code>
      {navigator.clipboard !== undefined && (
        <Button size="small" icon={copied ? <CheckOutlined /> : <CopyOutlined />} onClick={() => void copy()}>
          {t(copied ? shared.copied : shared.copy)}
        </Button>
      )}
    </div>
  );
}
