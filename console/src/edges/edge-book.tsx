import type { EdgeAccount } from '@luban/contracts';
import { useQuery } from '@tanstack/react-query';
import { edgeAccountQuery } from '../api/queries.ts';
import { BookHead, BookRow, BookSide, BookVerdict, DeviceRows, exact, RefusalRows } from '../design/book-rows.tsx';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { bookStates, bookTexts as texts } from '../language/book-texts.ts';
import { useText } from '../language/language.tsx';

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
  const account = useQuery(edgeAccountQuery(edge));
  if (account.isPending) return <LoadingState />;
  if (account.data === undefined) return <ErrorState error={account.error} retry={() => void account.refetch()} />;
  const { sinceMs, platform, edge: told, check, refusals, devices } = account.data;
  const refusedHere = refusals.reduce((sum, { samples }) => sum + samples, 0);
  return (
    <section className="panel">
      <BookHead title={texts.book} sinceMs={sinceMs} />
      <BookVerdict tone={tones[check.state]}>
        <p>{t(bookStates[check.state])(exact(check.difference))}</p>
      </BookVerdict>
      <div className="table-scroll">
        <table className="table">
          <tbody>
            {told !== null && (
              <>
                <BookSide name={texts.byEdge} />
                <BookRow name={texts.collected} count={told.collected} sum />
                <BookRow name={texts.acknowledged} count={told.acknowledged} />
                <BookRow name={texts.refused} count={told.refused} bad={told.refused > 0} />
                <BookRow name={texts.dropped} count={told.dropped} bad={told.dropped > 0} />
                {told.unknownLosses > 0 && <BookRow name={texts.unknownLosses} count={told.unknownLosses} bad />}
                <BookRow name={texts.backlog} count={told.backlog} />
              </>
            )}
            <BookSide name={texts.byPlatform} />
            <BookRow name={texts.received} count={platform.received} sum />
            <BookRow name={texts.stored} count={platform.stored} />
            <BookRow name={texts.waiting} count={platform.waiting} />
            <BookRow name={texts.repeated} count={platform.repeated} />
            {refusals.length > 0 && (
              <>
                <BookRow name={texts.refusedHere} count={refusedHere} bad={refusedHere > 0} />
                <RefusalRows refusals={refusals} of />
              </>
            )}
          </tbody>
        </table>
      </div>
      {devices.length > 0 && <DeviceRows devices={devices} />}
      {refusals.length > 0 && devices.length > 0 && (
        <p className="panel-text" style={{ paddingBottom: 14 }}>
          {t(texts.byDevices)}
        </p>
      )}
    </section>
  );
}
