import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import type { ListedPoint, ListedThing } from '../api/api-types.ts';
import { deviceQuery, meQuery } from '../api/queries.ts';
import { Age, Moment } from '../design/moment.tsx';
import { toneOf } from '../design/state-mark.tsx';
import { useText } from '../language/language.tsx';
import { thingStates } from '../language/shared-texts.ts';
import { thingTexts as texts } from '../language/thing-texts.ts';

const says = { offline: texts.offlineText, degraded: texts.degradedText, unknown: texts.unknownText };

/** Why a thing is not online, since when, and where to mend it. */
export function Why({ thing, points }: { thing: ListedThing; points: readonly ListedPoint[] | undefined }) {
  const t = useText();
  const mayRead = useQuery(meQuery).data?.permissions.includes('edges.read') === true;
  const collectedBy = points?.find((point) => point.device !== null)?.device ?? null;
  const device = useQuery({
    ...deviceQuery(collectedBy ?? ''),
    enabled: mayRead && collectedBy !== null && thing.state !== 'online',
  }).data;
  const { state, stateCause: cause, stateSinceMs: since } = thing;
  if (state === 'online') return null;
  const tone = toneOf(state);
  return (
    <div className={`callout ${tone}`} role="status">
      <i className={`dot ${tone}`} aria-hidden="true" />
      <div>
        <strong>
          {t(state === 'unknown' ? texts.unknown : thingStates[state])}
          {since !== null && state !== 'unknown' && (
            <>
              {' · '}
              <Age timeMs={since} bare /> (<Moment timeMs={since} />)
            </>
          )}
        </strong>
        {cause !== null && <p style={{ color: 'var(--text)' }}>{t(cause.text)}</p>}
        <p>{t(says[state])}</p>
        {cause?.detail !== undefined && (
          <p className="mono" title={t(texts.detail)}>
            {cause.detail}
          </p>
        )}
      </div>
      {device !== undefined ? (
        <span className="row wrap" style={{ alignSelf: 'center' }}>
          <Link to="/edges/$id/devices/$device" params={{ id: device.edge, device: device.id }}>
            <Button size="small">{t(texts.toDevice)}</Button>
          </Link>
          <Link to="/edges/$id" params={{ id: device.edge }}>
            <Button size="small">{t(texts.toEdge)}</Button>
          </Link>
        </span>
      ) : (
        mayRead && (
          <Link to="/edges" style={{ alignSelf: 'center' }}>
            <Button size="small">{t(texts.toEdges)}</Button>
          </Link>
        )
      )}
    </div>
  );
}
