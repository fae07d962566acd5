import { useMutation } from '@tanstack/react-query';
import { Button, Input } from 'antd';
import { useEffect, useRef, useState } from 'react';
import type { ListedDevice, ListedPoint } from '../api/api-types.ts';
import { pointsOfKey } from '../api/queries.ts';
import { Problem } from '../design/problem.tsx';
import { RowErrors } from '../design/row-errors.tsx';
import { sheetRows } from '../design/sheet.ts';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { useText } from '../language/language.tsx';
import { bindingsOfSheet, withoutTitles } from './binding-draft.ts';
import { useBind } from './use-bind.ts';

/** Many bindings at once: pasted, checked row by row, then sent all or none. */
export function BindSheet({ device }: { device: ListedDevice }) {
  const t = useText();
  const [text, setText] = useState('');
  const bind = useBind(device);
  const left = useRef(new AbortController());
  useEffect(() => {
    const here = new AbortController();
    left.current = here;
    return () => here.abort();
  }, []);
  const check = useMutation({
    mutationFn: async (pasted: string) => {
      const rows = sheetRows(pasted);
      const pointsOf = new Map<string, readonly ListedPoint[]>();
      for (const key of new Set(withoutTitles(rows).map(({ cells }) => cells[0] ?? ''))) {
        const points = key === '' ? null : await pointsOfKey(key, left.current.signal);
        if (points !== null) pointsOf.set(key, points);
      }
      return bindingsOfSheet(rows, device.protocol, pointsOf);
    },
  });
  const change = (next: string) => {
    setText(next);
    check.reset();
    bind.reset();
  };
  const found = check.data;
  return (
    <div className="sheet">
      <p className="second">{t(texts.sheetLead)}</p>
      <p className="second">{t(device.protocol === 'modbus-tcp' ? texts.sheetModbus : texts.sheetOpcUa)}</p>
      <Input.TextArea
        className="mono"
        rows={10}
        wrap="off"
        spellCheck={false}
        aria-label={t(texts.sheet)}
        placeholder={
          device.protocol === 'modbus-tcp'
            ? 'CNC-01\tspindle.speed\tinput 10 uint16\nCNC-01\tspindle.load\tinput 11 int16\t0.1'
            : 'PRESS-01\tforce\tns=2;s=Press.Force\t1\t0\t0.5'
        }
        value={text}
        onChange={(event) => change(event.target.value)}
      />
      <Problem error={check.error ?? bind.error} />
      {found !== undefined && (
        <>
          <RowErrors errors={found.errors} />
          <p>
            {t(texts.checked)(found.bindings.length)}
            {found.errors.length > 0 && ` · ${t(texts.wrongRows)(found.errors.length)}`}
          </p>
        </>
      )}
      <div className="row">
        <Button
          type={found === undefined ? 'primary' : 'default'}
          disabled={text.trim() === ''}
          loading={check.isPending}
          onClick={() => check.mutate(text)}
        >
          {t(texts.check)}
        </Button>
        {found !== undefined && found.errors.length === 0 && found.bindings.length > 0 && (
          <Button type="primary" loading={bind.isPending} onClick={() => bind.mutate(found.bindings)}>
            {t(texts.send)(found.bindings.length)}
          </Button>
        )}
      </div>
    </div>
  );
}
