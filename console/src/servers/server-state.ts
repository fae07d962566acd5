import type { Server } from '@luban/contracts';
import type { Tone } from '../design/state-mark.tsx';

export type ServerState = 'leads' | 'works' | 'stands-by' | 'silent';

/**
 * What a server does at the moment. One that is silent may lead by the records still: nobody can know whether it does. One
 * that is alone leads nobody.
 */
export function stateOf({ live, leads, roles }: Server, isAlone = false): ServerState {
  if (!live) return 'silent';
  if (leads) return isAlone ? 'works' : 'leads';
  return roles.includes('writer') ? 'stands-by' : 'works';
}

export const toneOfState: Record<ServerState, Tone> = {
  leads: 'ok',
  works: 'ok',
  'stands-by': 'idle',
  silent: 'broken',
};

export type Worry = 'noLeader' | 'noStandBy' | 'noDoor' | 'versions';

/** What whoever keeps the platform running should know of all servers together, the worst first. */
export function worriesOf(servers: readonly Server[]): { what: Worry; tone: 'broken' | 'warning' }[] {
  const states = new Set(servers.map((one) => stateOf(one)));
  const live = servers.filter((one) => one.live);
  const worries: { what: Worry; tone: 'broken' | 'warning' }[] = [];
  if (!live.some(({ roles }) => roles.includes('door'))) worries.push({ what: 'noDoor', tone: 'broken' });
  if (!states.has('leads')) worries.push({ what: 'noLeader', tone: 'broken' });
  else if (servers.length > 1 && !states.has('stands-by')) worries.push({ what: 'noStandBy', tone: 'warning' });
  if (new Set(live.map(({ version }) => version)).size > 1) worries.push({ what: 'versions', tone: 'warning' });
  return worries;
}
