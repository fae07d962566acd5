import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '@luban/journal';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BrokerRecord } from './broker-record.ts';
import { openBrokerStore } from './broker-store.ts';
import { decodeEntry, encodeMark, encodeRecord } from './record-codec.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'luban-broker-store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => openBrokerStore({ directory, onFault: (fault) => expect.unreachable(JSON.stringify(fault)) });

const qos = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const number = fc.integer({ min: 1, max: 0xffff_ffff });
const messageId = fc.integer({ min: 1, max: 65_535 });
const bytes = fc.uint8Array({ maxLength: 50 }).map((data) => Buffer.from(data));
const text = fc.string({ maxLength: 20, unit: 'grapheme' });
const content = { topic: text, payload: bytes, properties: bytes, qos, retain: fc.boolean() };
const pair = fc.record({ session: number, messageId });
const receiver = fc.record({
  ...{ session: number, messageId, qos: fc.constantFrom<1 | 2>(1, 2), retain: fc.boolean() },
  ...{ subscriptionIds: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }) },
  ...{ share: fc.option(text, { nil: undefined }), released: fc.boolean(), again: fc.boolean() },
});
const record: fc.Arbitrary<BrokerRecord> = fc.oneof(
  fc.record({
    ...{ kind: fc.constant('message' as const), tenant: text, keep: fc.boolean() },
    content: fc.record({
      ...{ ...content, expiresAt: fc.constantFrom(Number.POSITIVE_INFINITY, 1_790_000_000_123) },
      relayed: fc.option(fc.nat(), { nil: undefined }),
    }),
    from: fc.option(pair, { nil: undefined }),
    receivers: fc.array(receiver, { maxLength: 5 }),
    ...{ insteadOf: fc.array(pair, { maxLength: 3 }), moved: fc.boolean() },
  }),
  fc.record({
    kind: fc.constant('steps' as const),
    steps: fc.array(
      fc.record({
        ...{ session: number, messageId },
        step: fc.constantFrom('done' as const, 'released' as const, 'received' as const, 'finished' as const),
      }),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    ...{ kind: fc.constant('session' as const), number, identity: fc.constant({ kind: 'thing', tenantNumber: 1 }) },
    owner: fc.record({ tenant: text, name: text, clientId: text }),
    ...{ expirySeconds: fc.nat(), connected: fc.boolean(), leftAt: fc.nat(), willDueAt: fc.nat() },
    will: fc.option(fc.record({ content: fc.record(content), expirySeconds: fc.integer(), delaySeconds: fc.nat() }), {
      nil: undefined,
    }),
  }),
  fc.record({
    ...{ kind: fc.constant('left' as const), number, leftAt: fc.nat(), willDueAt: fc.nat() },
    sent: fc.array(messageId),
  }),
);

test('reads every record as it was written', () => {
  fc.assert(
    fc.property(record, fc.boolean(), (written, snapshot) => {
      expect(decodeEntry(encodeRecord(written, snapshot))).toEqual({ mark: 'record', record: written, snapshot });
    }),
    { numRuns: 1000 },
  );
});

const owner = (clientId: string) => ({ tenant: 't', name: 'n', clientId });
const session = (n: number): BrokerRecord => ({
  ...{ kind: 'session', number: n, owner: owner(`c${n}`), identity: null, expirySeconds: 60 },
  ...{ connected: true, leftAt: 0, will: undefined, willDueAt: 0 },
});
const message = (payload: string, over: Partial<BrokerRecord & { kind: 'message' }> = {}): BrokerRecord => ({
  ...{ kind: 'message', tenant: 't', keep: false, from: undefined, receivers: [], insteadOf: [], moved: false },
  content: {
    ...{ topic: 'a', payload: Buffer.from(payload), properties: Buffer.alloc(0), qos: 1, retain: false },
    expiresAt: Number.POSITIVE_INFINITY,
  },
  ...over,
});
const to = (n: number, id: number) => ({
  ...{ session: n, messageId: id, qos: 1 as const, retain: false, subscriptionIds: [], share: undefined },
  ...{ released: false, again: false },
});

test('a replay comes to what was written: messages in order, steps, and identifiers that are used again', async () => {
  const store = await open();
  await store.append(session(1));
  await store.append(session(2));
  await store.append(message('one', { receivers: [to(1, 1), to(2, 1)] }));
  await store.append(message('two', { receivers: [to(1, 2)], from: { session: 2, messageId: 9 } }));
  store.step(1, 1, 'done');
  // Not waited for: the step must be on disk before what uses its identifier again.
  await store.append(message('three', { receivers: [to(1, 1)] }));
  await store.stepDurably(1, 2, 'released');
  await store.append({ kind: 'ended', number: 2 });
  await store.close();
  const again = await open();
  const state = await again.replay();
  expect([...state.sessions.keys()]).toEqual([1]);
  const found = [...state.sessions.get(1)!.deliveries.values()];
  expect(found.map((one) => [`${one.message.message.content.payload}`, one.receiver.released])).toEqual([
    ['two', true],
    ['three', false],
  ]);
  expect(state.lastNumber).toBe(2);
  await again.close();
});

test('after a snapshot only it and what came later is read; a snapshot that was not finished does not count', async () => {
  const store = await open();
  await store.append(session(1));
  for (let i = 0; i < 50; i++) await store.append(message(`old ${i}`, { receivers: [to(1, i + 1)] }));
  await store.compact([session(1), message('kept', { receivers: [to(1, 7)] })]);
  await store.append(message('later', { receivers: [to(1, 8)] }));
  await store.close();
  // What a crash in the midst of a snapshot leaves.
  const journal = await openJournal({ directory });
  for (const bytes of [encodeMark('begin'), encodeRecord(session(3), true)]) await journal.append(bytes);
  await journal.close();
  const middle = await open();
  await middle.append(message('last', { receivers: [to(1, 9)] }));
  await middle.close();
  const again = await open();
  const state = await again.replay();
  expect([...state.sessions.keys()]).toEqual([1]);
  expect(
    [...state.sessions.get(1)!.deliveries.values()].map((one) => `${one.message.message.content.payload}`),
  ).toEqual([...['kept', 'later', 'last']]);
  await again.close();
});
