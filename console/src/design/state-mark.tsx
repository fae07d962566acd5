import type { DeviceReport, StepState, ThingState } from '@luban/contracts';
import type { ReactNode } from 'react';

export type Tone = 'ok' | 'warning' | 'broken' | 'idle';

const tones: Record<ThingState | DeviceReport['state'] | StepState, Tone> = {
  online: 'ok',
  degraded: 'warning',
  offline: 'broken',
  unknown: 'idle',
  connecting: 'idle',
  ok: 'ok',
  warning: 'warning',
  broken: 'broken',
  idle: 'idle',
};
export function toneOf(state: keyof typeof tones): Tone {
  return tones[state];
}

/** A state as shape and colour: never colour alone. */
export function StateMark({ tone, children }: { tone: Tone; children?: ReactNode }) {
  return (
    <span className="row nowrap" style={{ display: 'inline-flex', gap: 7 }}>
      <i className={`dot ${tone}`} aria-hidden="true" />
      {children}
    </span>
  );
}
