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
  const ill = report?.devices.find((device) => device.state === 'offline' || device.state === 'degraded');
  if (ill !== undefined) return { tone: 'warning', state: texts.connected, say: ill.cause?.text ?? null };
  return { tone: 'ok', state: texts.connected, say: null };
}
