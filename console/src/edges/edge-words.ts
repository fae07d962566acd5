import type { Edge, LocalText } from '@luban/contracts';
import type { Tone } from '../design/state-mark.tsx';
import { edgesTexts as texts } from '../language/edges-texts.ts';

/** How an edge stands, in one tone and, where something is wrong, one sentence. */
export function edgeWords(edge: Edge): { tone: Tone; state: LocalText; say: LocalText | null } {
  const { report } = edge;
  if (!edge.enrolled) return { tone: 'idle', state: texts.waiting, say: texts.never };
  if (!edge.connected) return { tone: 'broken', state: texts.away, say: texts.awayText };
  const cause = report?.outboxCause ?? report?.configurationCause ?? null;
  if (cause !== null) return { tone: 'warning', state: texts.connected, say: cause.text };
  const devices = report?.devices ?? [];
  const offline = devices.filter((device) => device.state === 'offline').length;
  const degraded = devices.filter((device) => device.state === 'degraded').length;
  if (offline + degraded > 0) return { tone: 'warning', state: texts.connected, say: illDevices(offline, degraded) };
  return { tone: 'ok', state: texts.connected, say: null };
}

function illDevices(offline: number, degraded: number): LocalText {
  const zh = [offline > 0 && `${offline} 台设备没有应答`, degraded > 0 && `${degraded} 台设备部分点读不出`];
  const en = [
    offline > 0 && `${offline} ${offline === 1 ? 'device does' : 'devices do'} not answer`,
    degraded > 0 && `${degraded} ${degraded === 1 ? 'device has' : 'devices have'} points that cannot be read`,
  ];
  return {
    zh: `${zh.filter(Boolean).join('，')}。原因见“采集设备”。`,
    en: `${en.filter(Boolean).join('; ')}. Devices tells the cause.`,
  };
}
