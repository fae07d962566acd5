import { useQuery } from '@tanstack/react-query';
import { Tooltip } from 'antd';
import { useNowMs } from '../api/live.ts';
import { meQuery } from '../api/queries.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';
import { formatDate, formatDuration, formatFull, formatMoment } from './format-time.ts';

/** The plant's time zone; before sign-in, the reader's own. */
export function useZone(): string {
  const zone = useQuery({ ...meQuery, enabled: false }).data?.tenant.timeZone;
  return zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A time in the plant's zone; the date, milliseconds and offset on hover. */
export function Moment({ timeMs }: { timeMs: number }) {
  const zone = useZone();
  const nowMs = useNowMs();
  return (
    <Tooltip title={`${formatFull(timeMs, zone)} (${zone})`} mouseEnterDelay={0.2}>
      <time className="num nowrap" dateTime={new Date(timeMs).toISOString()}>
        {formatMoment(timeMs, zone, nowMs)}
      </time>
    </Tooltip>
  );
}

/** How long ago something was; counts on by itself. */
export function Age({ timeMs, bare = false }: { timeMs: number; bare?: boolean }) {
  const t = useText();
  const { language } = useLanguage();
  const zone = useZone();
  const ageMs = useNowMs() - timeMs;
  const text = formatDuration(ageMs, language);
  return (
    <Tooltip title={`${formatFull(timeMs, zone)} (${zone})`} mouseEnterDelay={0.2}>
      <span className="num nowrap">{bare ? text : ageMs < 1000 ? t(shared.now) : t(shared.ago)(text)}</span>
    </Tooltip>
  );
}

/** A day in the plant's zone; the time on hover. */
export function Day({ timeMs }: { timeMs: number }) {
  const zone = useZone();
  return (
    <Tooltip title={`${formatFull(timeMs, zone)} (${zone})`} mouseEnterDelay={0.2}>
      <time className="num nowrap" dateTime={new Date(timeMs).toISOString()}>
        {formatDate(timeMs, zone)}
      </time>
    </Tooltip>
  );
}
