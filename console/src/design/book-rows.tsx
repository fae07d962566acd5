import type { EdgeAccount, RefusalCounted } from '@luban/contracts';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { bookTexts as texts } from '../language/book-texts.ts';
import { edgesTexts } from '../language/edges-texts.ts';
import { type Both, useText } from '../language/language.tsx';
import { formatNumber } from './format-number.ts';
import { Moment } from './moment.tsx';

/** To the last sample: whoever reads a book adds it up. */
export const exact = (count: number): string => formatNumber(count, 0);

/** What the book is called; `sinceMs`: from when on it counts, where no other head says so. */
export function BookHead({ title, sinceMs }: { title: Both; sinceMs: number | undefined }) {
  const t = useText();
  return (
    <div className="panel-head">
      <h2>{t(title)}</h2>
      {sinceMs !== undefined && (
        <span className="quiet push">
          {t(texts.since)} <Moment timeMs={sinceMs} />
        </span>
      )}
    </div>
  );
}

/** Whether the sums come out, in words. */
export function BookVerdict({ tone, children }: { tone: 'ok' | 'warning' | 'broken' | 'idle'; children: ReactNode }) {
  return (
    <div className={`callout ${tone}`} role="status" style={{ margin: '12px 16px' }}>
      <i className={`dot ${tone}`} aria-hidden="true" />
      <div>{children}</div>
    </div>
  );
}

/** Whose counts follow, and what they add up to. */
export function BookSide({ name }: { name: Both }) {
  const t = useText();
  return (
    <tr>
      <th colSpan={2} scope="colgroup" style={{ whiteSpace: 'normal' }}>
        {t(name)}
      </th>
    </tr>
  );
}

export function BookRow(props: { name: Both; count: number; sum?: boolean; bad?: boolean; of?: boolean }) {
  const t = useText();
  const { name, sum = false, bad = false, of = false } = props;
  const count = exact(props.count);
  return (
    <tr>
      <td style={of ? { paddingLeft: 32 } : undefined}>{sum ? <strong>{t(name)}</strong> : t(name)}</td>
      <td className="right num">{bad ? <span className="tag broken">{count}</span> : count}</td>
    </tr>
  );
}

/** What was refused at the platform's doors, reason by reason. */
export function RefusalRows({ refusals, of = false }: { refusals: readonly RefusalCounted[]; of?: boolean }) {
  const t = useText();
  return refusals.map(({ reason, text, samples, batches }) => (
    <tr key={reason}>
      <td style={of ? { paddingLeft: 32 } : undefined}>{t(text)}</td>
      <td className="right num" style={{ wordBreak: 'keep-all' }}>
        {batches === 0
          ? t(texts.inParts)(samples, exact)
          : samples === 0
            ? t(texts.unread)(batches, exact)
            : t(texts.inBatches)(samples, batches, exact)}
      </td>
    </tr>
  ));
}

type CountedDevice = EdgeAccount['devices'][number] & { readonly edge?: string };

const counted = [
  { of: 'received', name: texts.received },
  { of: 'stored', name: texts.stored },
  { of: 'waiting', name: texts.waitingShort },
  { of: 'repeated', name: texts.repeatedShort },
] as const;

/** Devices, each with all that it collects. */
export function DeviceRows({ devices }: { devices: readonly CountedDevice[] }) {
  const t = useText();
  return (
    <div className="table-scroll book-devices">
      <table className="table cards">
        <thead>
          <tr>
            <th>{t(edgesTexts.devices)}</th>
            {counted.map(({ name, of }) => (
              <th key={of} className="right">
                {t(name)}
              </th>
            ))}
            <th className="right">{t(texts.refusedShort)}</th>
          </tr>
        </thead>
        <tbody>
          {devices.map((one) => (
            <tr key={one.device}>
              <td>
                {one.edge === undefined ? (
                  one.name
                ) : (
                  <Link to="/edges/$id" params={{ id: one.edge }} search={{ tab: 'book' }}>
                    {one.name}
                  </Link>
                )}
              </td>
              {counted.map(({ name, of }) => (
                <td key={of} className="right num" data-label={t(name)}>
                  {exact(one[of])}
                </td>
              ))}
              <td className="right num" data-label={t(texts.refusedShort)}>
                {one.refused > 0 ? <span className="tag broken">{exact(one.refused)}</span> : exact(one.refused)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
