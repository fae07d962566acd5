import { Segmented } from 'antd';
import { useState } from 'react';
import type { ListedDevice } from '../api/api-types.ts';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { useText } from '../language/language.tsx';
import { BindSheet } from './bind-sheet.tsx';
import { BindThing } from './bind-thing.tsx';
import { ThingSelect } from './thing-select.tsx';

/** Says which addresses of a device are which points: a thing's properties one by one, or many from a spreadsheet. */
export function BindPoints({ device }: { device: ListedDevice }) {
  const t = useText();
  const [way, setWay] = useState<'thing' | 'sheet'>('thing');
  const [thing, setThing] = useState<string | null>(null);
  return (
    <section className="panel">
      <div className="bind-top">
        <Segmented
          value={way}
          onChange={setWay}
          options={[
            { value: 'thing', label: t(texts.oneThing) },
            { value: 'sheet', label: t(texts.sheet) },
          ]}
        />
        {way === 'thing' && <ThingSelect value={thing} onChange={setThing} />}
      </div>
      {way === 'thing' ? (
        <BindThing key={thing ?? 'none'} device={device} thing={thing} />
      ) : (
        <BindSheet device={device} />
      )}
    </section>
  );
}
