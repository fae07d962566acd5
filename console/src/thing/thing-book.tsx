import { useQuery } from '@tanstack/react-query';
import { thingAccountQuery } from '../api/queries.ts';
import { BookHead, BookRow, BookSide, BookVerdict, DeviceRows, exact, RefusalRows } from '../design/book-rows.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { bookTexts as texts } from '../language/book-texts.ts';
import { useText } from '../language/language.tsx';
import { RefusedValues } from './refused-values.tsx';

/** What arrived of a thing that sends by itself, and what became of it; and the devices that read points of it. */
export function ThingBook({ thing }: { thing: string }) {
  const t = useText();
  const account = useQuery(thingAccountQuery(thing));
  if (account.isPending) return <LoadingState />;
  if (account.data === undefined) return <ErrorState error={account.error} retry={() => void account.refetch()} />;
  const { sinceMs, arrived, received, repeated, stored, waiting, refused, refusals, devices } = account.data;
  const nothing = arrived === 0 && refusals.length === 0;
  return (
    <>
      {(!nothing || devices.length === 0) && (
        <section className="panel">
          <BookHead title={texts.book} sinceMs={sinceMs} />
          {nothing ? (
            <EmptyState title={t(texts.nothing)} text={t(texts.nothingText)} />
          ) : (
            <>
              <BookVerdict tone={refusals.length > 0 ? 'warning' : 'ok'}>
                <p>
                  {refusals.length === 0
                    ? t(texts.allTaken)
                    : refused === 0
                      ? t(texts.unreadRefused)
                      : t(texts.someRefused)(refused, exact)}
                </p>
                <p className="second">{t(texts.noOtherSide)}</p>
              </BookVerdict>
              <div className="table-scroll">
                <table className="table">
                  <tbody>
                    <BookSide name={texts.byThing} />
                    <BookRow name={texts.arrived} count={arrived} sum />
                    <BookRow name={texts.received} count={received} />
                    <BookRow name={texts.stored} count={stored} of />
                    <BookRow name={texts.waiting} count={waiting} of />
                    <BookRow name={texts.repeated} count={repeated} of />
                    <BookRow name={texts.refusedHere} count={refused} bad={refused > 0} />
                    <RefusalRows refusals={refusals} of />
                  </tbody>
                </table>
              </div>
            </>
          )}
        </section>
      )}
      {devices.length > 0 && (
        <section className="panel">
          <BookHead title={texts.collectedBy} sinceMs={nothing ? sinceMs : undefined} />
          <p className="panel-text">{t(texts.collectedByText)}</p>
          <DeviceRows devices={devices} />
        </section>
      )}
      <RefusedValues thing={thing} />
    </>
  );
}
