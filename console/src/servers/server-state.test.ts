import type { Server } from '@luban/contracts';
import { expect, test } from 'vitest';
import { stateOf, worriesOf } from './server-state.ts';

const server = (over: Partial<Server>): Server => ({
  ...{ id: 'server:a', name: 'a', roles: ['door', 'api', 'writer'], version: '1', startedAt: '2026-11-26T00:00:00Z' },
  ...{ silentMs: 0, live: true, leads: false, ...over },
});
const door = server({ roles: ['door'] });
const leader = server({ roles: ['api', 'writer'], leads: true });
const standBy = server({ roles: ['api', 'writer'] });
const worries = (...servers: Server[]) => worriesOf(servers).map(({ what }) => what);

test.each([
  ['leads', leader],
  ['stands-by', standBy],
  ['works', door],
  ['silent', { ...leader, live: false }],
] as const)('a server %s', (state, of) => {
  expect(stateOf(of)).toBe(state);
});

test('a server that is alone is at work, and leads nobody', () => {
  expect(stateOf(server({ leads: true }), true)).toBe('works');
});

test('one server that does everything is no reason to worry, nor are doors with a leader and a stand-by', () => {
  expect(worries(server({ leads: true }))).toEqual([]);
  expect(worries(door, leader, standBy)).toEqual([]);
});

test('what is missing is said, the worst first', () => {
  expect(worries(leader, standBy)).toEqual(['noDoor']);
  expect(worries(door, standBy, { ...leader, live: false })).toEqual(['noLeader']);
  expect(worries(door, leader)).toEqual(['noStandBy']);
  expect(worries(door, leader, { ...standBy, live: false })).toEqual(['noStandBy']);
  expect(worries({ ...leader, live: false })).toEqual(['noDoor', 'noLeader']);
  expect(worries(door, leader, { ...standBy, version: '2' })).toEqual(['versions']);
  expect(worries(door, leader, standBy, { ...door, version: '0', live: false })).toEqual([]);
});
