import type { Router } from '../routing/router.ts';
import { parseFilter } from '../routing/topic-filter.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { Message } from '../session/message.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Subscribing } from '../session/subscribing.ts';
import type { ReplayedMessage, ReplayedSession, ReplayedState } from './replayed-state.ts';

export interface RecoveryOptions {
  readonly sessions: Sessions;
  readonly subscribing: Subscribing;
  readonly router: Router;
  readonly spaces: TopicSpaces;
  readonly nowMs: number;
}

/**
 * Puts back what was durable. Clients that were connected when the platform ended have lost their connection then: as
 * far as anybody can know, now.
 */
export function recover(state: ReplayedState, options: RecoveryOptions): void {
  const { sessions, router, nowMs } = options;
  const messages = restoreMessages(state, router);
  restoreRetained(state, messages, router, nowMs);
  sessions.reserveNumbers(state.lastNumber);
  const restored = [...state.sessions.values()].map((replayed) => ({
    session: restoreSession(replayed, replayed.session.number, options),
    replayed,
  }));
  // After all subscriptions, so that shared ones have their members.
  for (const { session, replayed } of restored) {
    restoreDeliveries(session, replayed, messages, options.spaces);
    sessions.restored(session);
  }
}

/** Takes a session as another door describes it, under a number of its own. */
export function takeIn(state: ReplayedState, replayed: ReplayedSession, number: number, options: RecoveryOptions) {
  const session = restoreSession(replayed, number, options);
  restoreDeliveries(session, replayed, restoreMessages(state, options.router), options.spaces);
  options.sessions.restored(session);
  return session;
}

/** Takes what another door retains. */
export function takeInRetained(state: ReplayedState, { router, nowMs }: RecoveryOptions): void {
  restoreRetained(state, restoreMessages(state, router), router, nowMs);
}

function restoreMessages(state: ReplayedState, router: Router): Map<ReplayedMessage, Message> {
  const all = new Set<ReplayedMessage>();
  for (const { deliveries } of state.sessions.values()) for (const { message } of deliveries.values()) all.add(message);
  for (const topics of state.retained.values()) for (const message of topics.values()) all.add(message);
  const inOrder = [...all].sort((a, b) => a.order - b.order);
  return new Map(inOrder.map((replayed) => [replayed, router.restored(replayed.message.content)]));
}

function restoreRetained(
  state: ReplayedState,
  messages: ReadonlyMap<ReplayedMessage, Message>,
  router: Router,
  nowMs: number,
): void {
  for (const [tenant, topics] of state.retained) {
    for (const replayed of topics.values()) {
      const message = messages.get(replayed)!;
      if (message.secondsLeft(nowMs) !== undefined) router.restoreRetained(tenant, message);
    }
  }
}

function restoreSession(
  replayed: ReplayedSession,
  number: number,
  { sessions, subscribing, nowMs }: RecoveryOptions,
): Session {
  const { owner, identity } = replayed.session;
  const session = sessions.restore(number, owner, identity);
  describe(session, replayed, nowMs);
  for (const subscription of replayed.subscriptions.values()) {
    const filter = parseFilter(subscription.filter);
    if (filter !== undefined) subscribing.put(session, filter, subscription);
  }
  return session;
}

function describe(session: Session, { session: stored, received }: ReplayedSession, nowMs: number): void {
  const { expirySeconds, connected, leftAt, will, willDueAt, relayedUpTo } = stored;
  session.expirySeconds = expirySeconds;
  session.leftAt = connected ? nowMs : leftAt;
  session.will = will;
  session.relayedUpTo = relayedUpTo;
  if (will !== undefined)
    session.willDueAt = connected ? nowMs + Math.min(will.delaySeconds, expirySeconds) * 1000 : willDueAt;
  if (received.size > 0) session.received = new Map([...received].map((messageId) => [messageId, undefined]));
}

function restoreDeliveries(
  session: Session,
  { session: { connected, owner }, deliveries }: ReplayedSession,
  messages: ReadonlyMap<ReplayedMessage, Message>,
  spaces: TopicSpaces,
): void {
  for (const { message: replayed, receiver } of deliveries.values()) {
    const { messageId, qos, retain, subscriptionIds, share, released, again } = receiver;
    const filter = share === undefined ? undefined : parseFilter(share);
    const group = filter === undefined ? undefined : spaces.of(owner.tenant).subscriptions.group(filter);
    const offer = { message: messages.get(replayed)!, qos, retain, subscriptionIds, group };
    // Of a client that was connected nobody knows what had been sent: better marked as a repetition than not.
    session.deliveries.restore(offer, messageId, released ? 'released' : 'waiting', again || connected);
  }
}
