import { FileTextOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { eventsQuery } from '../api/queries.ts';
import { Moment } from '../design/moment.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { severityTexts, edgesTexts as texts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

const tone = { info: '', warning: 'warning', error: 'broken' } as const;

/** The edge's log of errors, newest first; new lines come by themselves. */
export function EventLog({ edge, names }: { edge: string; names: ReadonlyMap<string, string> }) {
  const t = useText();
  const events = useInfiniteQuery(eventsQuery(edge));
  const items = events.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="panel">
      {events.isPending ? (
        <LoadingState />
      ) : events.isError && items.length === 0 ? (
        <ErrorState error={events.error} retry={() => void events.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<FileTextOutlined />} title={t(texts.noEvents)} text={t(texts.noEventsText)} />
      ) : (
        <div className="log" role="log">
          {items.map((event) => (
            <div className="log-line" key={event.sequence}>
              <span className="second">
                <Moment timeMs={event.timeMs} />
              </span>
              <span>
                <span className={`tag ${tone[event.severity]}`}>{t(severityTexts[event.severity])}</span>
              </span>
              <span className="clip second">
                {event.device === null ? '' : (names.get(event.device) ?? event.device)}
              </span>
              <span className="what">
                {t(event.cause.text)}
                {event.cause.detail !== undefined && <span className="mono quiet"> {event.cause.detail}</span>}
              </span>
            </div>
          ))}
          {events.hasNextPage && (
            <div style={{ padding: 12, textAlign: 'center' }}>
              <Button loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
                {t(shared.loadMore)}
              </Button>
            </div>
          )}
        </div>
      )}
    </section>
  );
}
