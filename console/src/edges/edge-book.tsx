import type { EdgeAccount } from '@luban/contracts';
import { useQuery } from '@tanstack/react-query';
import { edgeAccountQuery } from '../api/queries.ts';
import { formatCount } from '../design/format-number.ts';
import { Moment } from '../design/moment.tsx';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { bookStates, refusalTexts, bookTexts as texts } from '../language/book-texts.ts';
import { edgesTexts } from '../language/edges-texts.ts';
import { type Both, useLanguage, useText } from '../language/language.tsx';

const tones: Record<EdgeAccount['check']['state'], 'ok' | 'warning' | 'broken' | 'idle'> = {
  ok: 'ok',
  missing: 'broken',
  surplus: 'warning',
  inexact: 'warning',
  unknown: 'idle',
};

/** What an edge collected and what became of it, by both sides, with the sums checked. */
export function EdgeBook({ edge }: { edge: string }) {
  const t = useText();
  const { language } = useLanguage();
  const account = useQuery(edgeAccountQuery(edge));
  if (account.isPending) return <LoadingState />;
  if (account.data === undefined) return <ErrorState error={account.error} retry={() => void account.refetch()} />;
  const { sinceMs, platform, edge: told, check, refusals, devices } = account.data;
  const count = (n: number) => formatCount(n, language);
  const tone = tones[check.state];
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.book)}</h2>
        <span className="quiet push">
          {t(texts.since)} <Moment timeMs={sinceMs} />
        </span>
      </div>
      <div className={`callout ${tone}`} role="status" style={{ margin: '12px 16px' }}>
        <i className={`dot ${tone}`} aria-hidden="true" />
        <div>
          <p>{t(bookStates[check.state])(count(check.difference))}</p>
        </div>
      </div>
      <div className="table-scroll">
        <table className="table">
          <tbody>
            {told !== null && (
              <>
                <Side name={texts.byEdge} />
                <Row name={texts.collected} value={count(told.collected)} sum />
                <Row name={texts.acknowledged} value={count(told.acknowledged)} />
                <Row name={texts.refused} value={count(told.refused)} bad={told.refused > 0} />
                <Row name={texts.dropped} value={count(told.dropped)} bad={told.dropped > 0} />
                {told.unknownLosses > 0 && <Row name={texts.unknownLosses} value={count(told.unknownLosses)} bad />}
                <Row name={texts.backlog} value={count(told.backlog)} />
              </>
            )}
            <Side name={texts.byPlatform} />
            <Row name={texts.received} value={count(platform.received)} sum />
            <Row name={texts.stored} value={count(platform.stored)} />
            <Row name={texts.waiting} value={count(platform.waiting)} />
            <Row name={texts.repeated} value={count(platform.repeated)} />
            {refusals.map(({ reason, samples, batches }) => (
              <tr key={reason}>
                <td>{t(refusalTexts[reason] ?? texts.otherRefusal)}</td>
                <td className="right num">{t(texts.inBatches)(count(samples), count(batches))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {devices.length > 0 && (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>{t(edgesTexts.devices)}</th>
                <th className="right">{t(texts.received)}</th>
                <th className="right">{t(texts.stored)}</th>
                <th className="right">{t(texts.waitingShort)}</th>
                <th className="right">{t(texts.repeatedShort)}</th>
              </tr>
            </thead>
            <tbody>
              {devices.map((device) => (
                <tr key={device.device}>
                  <td>{device.name}</td>
                  <td className="right num">{count(device.received)}</td>
                  <td className="right num">{count(device.stored)}</td>
                  <td className="right num">{count(device.waiting)}</td>
                  <td className="right num">{count(device.repeated)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Side({ name }: { name: Both }) {
  const t = useText();
  return (
    <tr>
      <th colSpan={2} scope="colgroup" style={{ whiteSpace: 'normal' }}>
        {t(name)}
      </th>
    </tr>
  );
}

function Row({ name, value, sum = false, bad = false }: { name: Both; value: string; sum?: boolean; bad?: boolean }) {
  const t = useText();
  return (
    <tr>
      <td>{sum ? <strong>{t(name)}</strong> : t(name)}</td>
      <td className="right num">{bad ? <span className="tag broken">{value}</span> : value}</td>
    </tr>
  );
}
