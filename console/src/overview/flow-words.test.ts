import { type Flow, newId } from '@luban/contracts';
import { expect, test } from 'vitest';
import { flowLinks, flowWords, worstState } from './flow-words.ts';

const edge = (change: Partial<Flow['edges'][number]> = {}): Flow['edges'][number] => ({
  id: newId('edge'),
  name: 'E1',
  connected: true,
  samplesPerSecond: 100,
  backlogSamples: 0,
  lagMs: 20,
  state: 'ok',
  cause: null,
  ...change,
});
const well = (change: Partial<Flow> = {}): Flow => ({
  timeMs: 0,
  devices: { online: 3, degraded: 0, offline: 0, state: 'ok' },
  edges: [edge()],
  ingest: { samplesPerSecond: 100, messagesPerSecond: 2, connections: 1, state: 'ok', cause: null },
  log: { bytes: 1, backlogRecords: 0, state: 'ok', cause: null },
  storage: { samplesPerSecond: 100, samples: 1, bytes: 1, lagMs: 40, state: 'ok', cause: null },
  ...change,
});

test('when all is well every link flows', () => {
  expect(flowLinks(well())).toEqual(['flowing', 'flowing', 'flowing']);
});

test('an edge that is away breaks its link and is named', () => {
  const flow = well({ edges: [edge({ connected: false, state: 'broken', samplesPerSecond: 0 })] });
  expect(flowLinks(flow)[1]).toBe('broken');
  expect(flowWords(flow).edges.state).toBe('broken');
  expect(flowWords(flow).edges.text.en).toContain('E1 is not connected');
});

test('one edge of two that is away strains the link and does not stop it', () => {
  expect(flowLinks(well({ edges: [edge(), edge({ connected: false, state: 'broken' })] }))[1]).toBe('strained');
});

test('an edge that waits to be enrolled is not missed', () => {
  const flow = well({ edges: [edge(), edge({ connected: false, state: 'idle', samplesPerSecond: 0 })] });
  expect(flowLinks(flow)[1]).toBe('flowing');
  expect(flowWords(flow).edges.text.en).not.toContain('not connected');
});

test('devices that do not answer are counted in words', () => {
  const flow = well({ devices: { online: 1, degraded: 0, offline: 2, state: 'broken' } });
  expect(flowWords(flow).devices.text.en).toContain('2 devices do not answer');
  expect(flowLinks(flow)[0]).toBe('strained');
});

test('with every device silent the first link is broken', () => {
  expect(flowLinks(well({ devices: { online: 0, degraded: 0, offline: 2, state: 'broken' } }))[0]).toBe('broken');
});

test("storage that is broken says the platform's cause", () => {
  const cause = { code: 'disk-full', text: { zh: '磁盘已满', en: 'The disk is full' } };
  const flow = well({ storage: { ...well().storage, state: 'broken', cause } });
  expect(flowWords(flow).storage.text.en).toBe('The disk is full');
  expect(flowLinks(flow)[2]).toBe('broken');
});

test('a platform without edges invites to enrol one and is not called broken', () => {
  const flow = well({ edges: [], devices: { online: 0, degraded: 0, offline: 0, state: 'idle' } });
  expect(flowWords(flow).edges.state).toBe('idle');
  expect(flowLinks(flow).slice(0, 2)).toEqual(['idle', 'idle']);
});

test('the worst of several states is what counts', () => {
  expect(worstState(['ok', 'warning', 'idle'])).toBe('warning');
  expect(worstState(['ok', 'broken', 'warning'])).toBe('broken');
});
