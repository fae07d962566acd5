import { CheckOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Switch } from 'antd';
import { useState } from 'react';
import { useNowMs } from '../api/live.ts';
import { gapsQuery } from '../api/queries.ts';
import { formatCount } from '../design/format-number.ts';
import { formatDuration } from '../design/format-time.ts';
import { Moment } from '../design/moment.tsx';
import { EmptyState, ErrorState, LoadingState } from '../design/state-page.tsx';
import { gapTexts, edgesTexts as texts } from '../language/edges-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

/** The gap ledger: what was not collected, and why. */
export function GapTable({ edge }: { edge: string }) {
  const t = useText();
  const { language } = useLanguage();
  const nowMs = useNowMs();
  const [open, setOpen] = useState(false);
  const gaps = useInfiniteQuery(gapsQuery(edge, open));
  const items = gaps.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.gaps)}</h2>
        <label className="row push second" htmlFor="only-open">
          <Switch id="only-open" size="small" checked={open} onChange={setOpen} /> {t(texts.onlyOpen)}
        </label>
      </div>
      {gaps.isPending ? (
        <LoadingState />
      ) : gaps.isError && items.length === 0 ? (
        <ErrorState error={gaps.error} retry={() => void gaps.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<CheckOutlined />} title={t(texts.noGaps)} text={t(texts.noGapsText)} />
      ) : (
        <>
          <div className="table-scroll">
            <table className="table">
              <thead>
                <tr>
                  <th>{t(texts.why)}</th>
                  <th>{t(texts.devices)}</th>
                  <th>{t(texts.from)}</th>
                  <th>{t(texts.to)}</th>
                  <th className="right">{t(texts.lasted)}</th>
                  <th className="right">{t(texts.lost)}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((gap) => (
                  <tr key={gap.id}>
                    <td style={{ minWidth: 180 }}>
                      {t(gapTexts[gap.why])}
                      {gap.cause !== null && <div className="quiet">{t(gap.cause.text)}</div>}
                    </td>
                    <td className="nowrap">
                      {gap.deviceName ?? gap.device ?? t(texts.wholeEdge)}
                      <span className="quiet">
                        {' · '}
                        {gap.series !== null
                          ? t(texts.somePoints)(gap.series.length)
                          : gap.device !== null
                            ? t(texts.wholeDevice)
                            : ''}
                      </span>
                    </td>
                    <td>
                      <Moment timeMs={gap.fromMs} />
                    </td>
                    <td>
                      {gap.toMs === null ? (
                        <span className="tag broken">{t(texts.stillOpen)}</span>
                      ) : (
                        <Moment timeMs={gap.toMs} />
                      )}
                    </td>
                    <td className="right num nowrap">{formatDuration((gap.toMs ?? nowMs) - gap.fromMs, language)}</td>
                    <td className="right num">
                      {gap.samplesLost === null ? (
                        <span className="quiet">{t(texts.unknown)}</span>
                      ) : (
                        formatCount(gap.samplesLost, language)
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {gaps.hasNextPage && (
            <div style={{ padding: 12, textAlign: 'center' }}>
              <Button loading={gaps.isFetchingNextPage} onClick={() => void gaps.fetchNextPage()}>
                {t(shared.loadMore)}
              </Button>
            </div>
          )}
        </>
      )}
    </section>
  );
}
