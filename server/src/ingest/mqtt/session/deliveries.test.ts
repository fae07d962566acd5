import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeliveryLimits } from '../mqtt-limits.ts';
import { Deliveries } from './deliveries.ts';
import type { Delivery, DeliveryLedger, SessionLink } from './delivery.ts';
import { Message, noBacklog } from './message.ts';

const roomy: DeliveryLimits = {
  ...{ maxQueuedMessages: 1000, maxQueuedBytes: 1e6, maxQueuedQos0Messages: 100, maxQueuedQos0Bytes: 1e5 },
  ...{ maxBacklogBytes: 1e7, reservedBytes: 1000 },
};

let sequence = 0;
function message(payload = 'x', over: Partial<{ qos: 0 | 1 | 2; expiresAt: number }> = {}): Message {
  const content = { topic: 't', payload: Buffer.from(payload), properties: Buffer.alloc(0), retain: false };
  return new Message({ ...content, qos: 1, expiresAt: Number.POSITIVE_INFINITY, ...over }, ++sequence);
}

/** A session's deliveries with a client that shows what it gets. */
function setUp(limits: Partial<DeliveryLimits> = {}, ledger?: DeliveryLedger) {
  const totals = noBacklog();
  const clock = { ms: 1000 };
  const deliveries = new Deliveries({ ...roomy, ...limits }, totals, ledger, () => clock.ms);
  const connect = (window = 100) => {
    const seen: string[] = [];
    const link = {
      ...{ window, blocked: false },
      publish({ message: { payload }, messageId, again }: Delivery) {
        seen.push(`${payload}${messageId > 0 ? ` #${messageId}` : ''}${again ? ' again' : ''}`);
        return true;
      },
      release: (messageId: number) => void seen.push(`release #${messageId}`),
      close: () => undefined,
    } satisfies SessionLink as SessionLink & { blocked: boolean };
    deliveries.attach(link);
    return { seen, link };
  };
  const offer = (payload: string, qos: 0 | 1 | 2, what = message(payload)) =>
    deliveries.offer(
      { message: what, qos, retain: false, subscriptionIds: [], group: undefined },
      ledger !== undefined,
    );
  return { deliveries, totals, clock, connect, offer };
}

describe('room', () => {
  test('waiting QoS 0 goes first, then the newest is not taken, and both are counted', () => {
    const { deliveries, offer, connect } = setUp({ maxQueuedMessages: 3, maxQueuedBytes: 900 });
    const { link, seen } = connect();
    link.blocked = true;
    for (const [i, qos] of ([0, 0, 1, 1, 1, 1] as const).entries()) offer(`${i}`, qos);
    expect(deliveries.dropped).toEqual({ full: 1, qos0: 2, expired: 0, tooLarge: 0 });
    link.blocked = false;
    deliveries.pump();
    expect(seen).toEqual(['2 #1', '3 #2', '4 #3']);
  });

  test('one message of any size is taken when nothing waits', () => {
    const { offer, deliveries } = setUp({ maxQueuedBytes: 100 });
    expect(offer('x'.repeat(5000), 1)).toBeDefined();
    expect(offer('y', 1)).toBeUndefined();
    expect(deliveries.dropped.full).toBe(1);
  });

  test('when all sessions together hold too much, each still has its reserve and what goes straight through', () => {
    const { offer, totals, connect, deliveries } = setUp({ maxBacklogBytes: 10_000, reservedBytes: 600 });
    totals.bytes = 10_000;
    expect(offer('a', 1)).toBeDefined();
    expect(offer('b', 1)).toBeDefined();
    expect(offer('c', 1)).toBeUndefined();
    const { seen } = connect();
    deliveries.acknowledged(1, true);
    deliveries.acknowledged(2, true);
    expect(offer('straight', 0)).toBeDefined();
    expect(seen).toEqual(['a #1', 'b #2', 'straight']);
  });

  test('QoS 0 for a client that does not read waits up to its own bound, and is given up with the connection', () => {
    const { offer, connect, deliveries, totals } = setUp({ maxQueuedQos0Messages: 2 });
    const { link } = connect();
    link.blocked = true;
    for (const text of ['a', 'b', 'c']) offer(text, 0);
    expect(deliveries.dropped.qos0).toBe(1);
    deliveries.detach();
    expect(deliveries.dropped.qos0).toBe(3);
    expect(totals).toMatchObject({ messages: 0, bytes: 0 });
  });
});

test('what is not yet on disk holds back what comes after it, and goes with it', () => {
  const { offer, connect } = setUp();
  const { seen } = connect();
  const [first, second] = [message('first'), message('second')];
  first.ready = second.ready = false;
  offer('first', 1, first);
  offer('second', 1, second);
  offer('third', 0);
  expect(seen).toEqual([]);
  first.void = true;
  for (const waiting of first.waiting ?? []) waiting.pump();
  expect(seen).toEqual([]);
  second.ready = true;
  for (const waiting of second.waiting ?? []) waiting.pump();
  expect(seen).toEqual(['second #2', 'third']);
});

test('a message that expires while it waits is dropped; one that was sent before is not', () => {
  const { offer, connect, clock, deliveries } = setUp();
  const first = connect();
  offer('sent', 1, message('sent', { expiresAt: 2000 }));
  deliveries.detach();
  offer('late', 1, message('late', { expiresAt: 2000 }));
  clock.ms = 3000;
  const second = connect();
  expect(first.seen).toEqual(['sent #1']);
  expect(second.seen).toEqual(['sent #1 again']);
  expect(deliveries.dropped.expired).toBe(1);
});

test.each(['before', 'after'])(
  'a PUBREC that becomes durable %s the next connection lets nothing be sent again but PUBREL',
  async (when) => {
    let durable: () => void = () => undefined;
    const ledger: DeliveryLedger = {
      done: () => undefined,
      released: () => new Promise((resolve) => (durable = resolve)),
    };
    const { offer, connect, deliveries } = setUp({}, ledger);
    connect();
    offer('once', 2, message('once', { qos: 2 }));
    expect(deliveries.received(1, true)).toBe(true);
    deliveries.detach();
    if (when === 'before') durable();
    await Promise.resolve();
    const { seen } = connect(when === 'before' ? 10 : 0);
    if (when === 'after') durable();
    await Promise.resolve();
    await Promise.resolve();
    deliveries.pump();
    expect(seen).toEqual(['release #1']);
    deliveries.completed(1);
    expect([deliveries.inflight, deliveries.queued, deliveries.queuedBytes]).toEqual([0, 0, 0]);
  },
);

type Action = 'offer0' | 'offer1' | 'offer2' | 'ack' | 'connect' | 'break' | 'block' | 'unblock';

test('whatever happens, every QoS 1 and 2 message arrives in order, and nothing is held in the end', () => {
  const actions = fc.array(
    fc.constantFrom<Action>('offer0', 'offer1', 'offer2', 'ack', 'connect', 'break', 'block', 'unblock'),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(actions, fc.integer({ min: 1, max: 5 }), (run, window) => {
      const { deliveries, offer, totals } = setUp();
      const arrived: number[] = [];
      const unanswered: Delivery[] = [];
      const known = new Set<number>();
      let sent = 0;
      let link: SessionLink & { blocked: boolean };
      const connect = () => {
        link = {
          ...{ window, blocked: false },
          publish(delivery) {
            if (delivery.qos === 0) return true;
            const number = Number(delivery.message.payload);
            if (!known.has(number)) arrived.push(number);
            known.add(number);
            unanswered.push(delivery);
            expect(deliveries.inflight).toBeLessThan(window);
            return true;
          },
          release: (messageId) => deliveries.completed(messageId),
          close: () => undefined,
        };
        deliveries.attach(link);
      };
      const acknowledge = () => {
        const delivery = unanswered.shift();
        if (delivery?.qos === 1) deliveries.acknowledged(delivery.messageId, true);
        else if (delivery?.qos === 2) deliveries.received(delivery.messageId, true);
      };
      const disconnect = () => {
        deliveries.detach();
        unanswered.length = 0;
      };
      connect();
      for (const action of run) {
        if (action.startsWith('offer')) {
          const qos = Number(action.at(-1)) as 0 | 1 | 2;
          if (deliveries.link !== undefined || qos > 0) offer(qos === 0 ? 'x' : `${++sent}`, qos);
        } else if (action === 'ack') acknowledge();
        else if (action === 'break') disconnect();
        else if (action === 'connect') {
          disconnect();
          connect();
        } else if (deliveries.link !== undefined) {
          link!.blocked = action === 'block';
          deliveries.pump();
        }
      }
      disconnect();
      connect();
      while (unanswered.length > 0) acknowledge();
      expect(arrived).toEqual(Array.from({ length: sent }, (_, i) => i + 1));
      expect([deliveries.queued, deliveries.inflight, deliveries.queuedBytes]).toEqual([0, 0, 0]);
      expect(totals).toMatchObject({ messages: 0, bytes: 0 });
    }),
    { numRuns: 1000 },
  );
});
