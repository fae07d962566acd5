import type { DeviceReport, Edge } from '@luban/contracts';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import type { ListedDevice } from '../api/api-types.ts';
import { LastKnown } from '../design/last-known.tsx';
import { Age, Moment } from '../design/moment.tsx';
import { StateMark, toneOf } from '../design/state-mark.tsx';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { edgesTexts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { deviceStates } from '../language/shared-texts.ts';

interface Given {
  device: ListedDevice;
  report: DeviceReport | null;
}

/** One word for how a device stands, and since when. */
export function DeviceState({ device, report, connected }: Given & { connected: boolean }) {
  const t = useText();
  if (!device.enabled) return <StateMark tone="idle">{t(edgesTexts.disabled)}</StateMark>;
  if (!connected) return <StateMark tone="idle">{t(edgesTexts.away)}</StateMark>;
  if (report === null) return <StateMark tone="idle">{t(edgesTexts.notReported)}</StateMark>;
  return (
    <StateMark tone={toneOf(report.state)}>
      <span>
        <LastKnown>{t(deviceStates[report.state])}</LastKnown>
        <span className="second">
          {' · '}
          <Age timeMs={report.sinceMs} bare />
        </span>
      </span>
    </StateMark>
  );
}

/** What is wrong with a device, in the edge's words and the machine's own, and since when. */
export function DeviceCallout({ device, report, edge }: Given & { edge: Edge | undefined }) {
  const t = useText();
  const cause = report?.cause ?? null;
  const away = edge !== undefined && !edge.connected;
  if (device.enabled && !away && report !== null && cause === null) return null;
  const tone = !device.enabled || report === null ? 'idle' : toneOf(report.state);
  return (
    <div className={`callout ${tone}`} role="status">
      <i className={`dot ${tone}`} aria-hidden="true" />
      <div>
        {!device.enabled ? (
          <p>{t(texts.disabledText)}</p>
        ) : report === null && !away ? (
          <p>{t(texts.notReported)}</p>
        ) : (
          away && <p>{t(texts.edgeAway)}</p>
        )}
        {device.enabled && report !== null && cause !== null && (
          <>
            <strong>
              {t(deviceStates[report.state])} · <Age timeMs={report.sinceMs} bare /> (<Moment timeMs={report.sinceMs} />
              )
            </strong>
            <p style={{ color: 'var(--text)' }}>{t(cause.text)}</p>
            {cause.detail !== undefined && <p className="mono">{cause.detail}</p>}
          </>
        )}
      </div>
      {away && (
        <Link to="/edges/$id" params={{ id: device.edge }} style={{ alignSelf: 'center' }}>
          <Button size="small">{t(texts.toEdge)}</Button>
        </Link>
      )}
    </div>
  );
}
