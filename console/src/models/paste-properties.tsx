import { Input, Modal } from 'antd';
import { useMemo, useState } from 'react';
import { RowErrors } from '../design/row-errors.tsx';
import { useText } from '../language/language.tsx';
import { modelsTexts as texts } from '../language/models-texts.ts';
import { draftsOfSheet, type PropertyDraft } from './property-draft.ts';

interface Given {
  taken: readonly string[];
  take: (drafts: PropertyDraft[]) => void;
  close: () => void;
}

/** Properties from a spreadsheet, checked while they are pasted; taken only when every row is right. */
export function PasteProperties({ taken, take, close }: Given) {
  const t = useText();
  const [text, setText] = useState('');
  const { drafts, errors } = useMemo(() => draftsOfSheet(text, taken), [text, taken]);
  return (
    <Modal
      open
      width={760}
      title={t(texts.paste)}
      onCancel={close}
      okText={t(texts.take)(drafts.length)}
      okButtonProps={{ disabled: drafts.length === 0 || errors.length > 0 }}
      onOk={() => {
        take(drafts);
        close();
      }}
    >
      <div style={{ display: 'grid', gap: 10 }}>
        <p className="second">{t(texts.pasteLead)}</p>
        <p className="second">{t(texts.pasteTypes)}</p>
        <Input.TextArea
          className="mono"
          rows={9}
          wrap="off"
          autoFocus
          spellCheck={false}
          aria-label={t(texts.paste)}
          placeholder={'spindle.speed\t主轴转速\tSpindle speed\tnumber\tr/min\t0\t12000'}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <RowErrors errors={errors} />
      </div>
    </Modal>
  );
}
