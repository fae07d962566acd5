import type { Cause, DeviceReport, Point, ThingState } from '@luban/contracts';

/** What is known of a point now. */
export interface PointNow {
  readonly point: Point;
  readonly lastMs: number | null;
  readonly bad: boolean;
  readonly stale: boolean;
  /** What its edge says of the device that it comes from; null when nobody says anything. */
  readonly device: DeviceReport | null;
}

export interface ThingNow {
  readonly state: ThingState;
  readonly sinceMs: number | null;
  readonly cause: Cause | null;
}

const silent: Cause = {
  code: 'thing.silent',
  text: { zh: '超过正常间隔没有收到数据', en: 'Nothing has come for longer than is normal' },
};
const edgeAway: Cause = {
  code: 'edge.away',
  text: { zh: '采集它的边缘网关未连接平台', en: 'The edge that collects it is not connected' },
};

/**
 * How a thing is. Online: every point that ever came is fresh and not bad. Degraded: some are. Offline: none is.
 * Unknown: nothing ever came.
 */
export function thingState(points: readonly PointNow[]): ThingNow {
  const heard = points.filter(({ lastMs }) => lastMs !== null);
  if (heard.length === 0) return { state: 'unknown', sinceMs: null, cause: null };
  const wrong = heard.filter(({ bad, stale }) => bad || stale);
  if (wrong.length === 0) return { state: 'online', sinceMs: null, cause: null };
  const state: ThingState = wrong.length === heard.length ? 'offline' : 'degraded';
  const reported = wrong.find(({ device }) => device?.cause);
  if (reported?.device) return { state, sinceMs: reported.device.sinceMs, cause: reported.device.cause };
  const lastMs = Math.max(...wrong.map(({ lastMs: at }) => at ?? 0));
  const collected = wrong.every(({ point, device }) => point.device !== null && device === null);
  return { state, sinceMs: lastMs, cause: collected ? edgeAway : silent };
}
