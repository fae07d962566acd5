import type { Edge } from '@luban/contracts';
import { Tooltip } from 'antd';
import type { ReactNode } from 'react';
import { useNowMs } from '../api/live.ts';
import { formatBytes, formatCount, formatRate } from '../design/format-number.ts';
import { formatDuration, formatLag } from '../design/format-time.ts';
import { Age } from '../design/moment.tsx';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';

/** An edge's numbers. `whole` adds what only its own page shows. */
export function EdgeStats({ edge, whole = false }: { edge: Edge; whole?: boolean }) {
  const t = useText();
  const { language } = useLanguage();
  const nowMs = useNowMs();
  const { report } = edge;
  if (report === null) return null;
  const { backlog, devices } = report;
  const online = devices.filter((device) => device.state === 'online').length;
  return (
    <dl className="stats">
      <Stat name={t(texts.rate)}>{edge.connected ? formatRate(report.samplesPerSecond, language) : '—'}</Stat>
      <Stat name={<Tooltip title={t(texts.lagHint)}>{t(texts.lag)}</Tooltip>}>
        {edge.connected && report.lagMs !== null ? formatLag(report.lagMs, language) : '—'}
      </Stat>
      <Stat name={t(texts.backlog)}>
        {formatCount(backlog.samples, language)}{' '}
        {whole && backlog.samples > 0 && <small>{formatBytes(backlog.bytes)}</small>}
        {whole && backlog.oldestMs !== null && (
          <small className="below">
            {t(texts.oldest)(formatDuration(nowMs - backlog.oldestMs, language))} ·{' '}
            {t(texts.full)(`${((backlog.bytes / backlog.limitBytes) * 100).toFixed(1)}%`)}
          </small>
        )}
      </Stat>
      <Stat name={t(texts.devices)}>
        {online}
        <small> / {devices.length}</small>
      </Stat>
      {whole && (
        <>
          <Stat name={t(texts.uptime)}>
            {edge.connected ? formatDuration(nowMs - report.startedMs, language) : '—'}
          </Stat>
          <Stat name={t(texts.configuration)}>{t(texts.version)(report.configurationVersion)}</Stat>
          <Stat name={t(texts.software)}>
            <small title={report.software}>{report.software}</small>
          </Stat>
          <Stat name={t(texts.lastHeard)}>
            <Age timeMs={report.timeMs} />
          </Stat>
        </>
      )}
    </dl>
  );
}

function Stat({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div className="stat">
      <dt>{name}</dt>
      <dd className="num live">{children}</dd>
    </div>
  );
}
