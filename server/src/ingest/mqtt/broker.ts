import type { Relay } from '../../log/log.ts';
import { errorLine } from '../../platform/log-lines.ts';
import type { BrokerStats, MqttDoorHandlers, MqttLog, MqttPeer, PublishOutcome, TopicUse } from './door-contract.ts';
import type { BrokerLimits } from './mqtt-limits.ts';
import type { ClaimOutcome } from './relay/claims.ts';
import { createOtherDoors, type OtherDoors } from './relay/other-doors.ts';
import { createRouter } from './routing/router.ts';
import { TopicSpaces } from './routing/topic-space.ts';
import { type MessageContent, noBacklog } from './session/message.ts';
import type { Session, SessionOwner, Will } from './session/session.ts';
import { createSessions } from './session/sessions.ts';
import { createSubscribing } from './session/subscribing.ts';
import { type BrokerStore, openBrokerStore } from './store/broker-store.ts';
import { recover } from './store/recovery.ts';
import { snapshot } from './store/snapshot.ts';

export interface BrokerOptions<Identity> {
  readonly limits: BrokerLimits;
  readonly handlers: MqttDoorHandlers<Identity>;
  /** Undefined: nothing outlives the process. */
  readonly directory: string | undefined;
  readonly log: MqttLog;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** To the other doors of the platform; undefined when this is the only one. */
  readonly relay: Relay | undefined;
  /** Ends the connection that the session has, because its client is at another door. */
  readonly takeOver: (session: Session) => void;
}

/** A message that a client publishes. */
export interface Publication<Identity> {
  readonly peer: MqttPeer<Identity>;
  readonly session: Session;
  readonly use: TopicUse;
  readonly content: MessageContent;
  /** Of a QoS 2 message; 0 otherwise. */
  readonly messageId: number;
}

export type Broker<Identity> = Awaited<ReturnType<typeof openBroker<Identity>>>;

/** Sessions, subscriptions, routing and what is kept on disk of them; without sockets. */
export async function openBroker<Identity>(options: BrokerOptions<Identity>) {
  const { limits, handlers, directory, log, nowMs, relay, takeOver } = options;
  const fault = (error: unknown) => log('error', 'mqtt.not-kept', { cause: errorLine(error) });
  let store: BrokerStore | undefined;
  if (directory !== undefined) {
    store = await openBrokerStore({ directory, onFault: (found) => log('error', 'mqtt.store-fault', { ...found }) });
  }
  const totals = noBacklog();
  const spaces = new TopicSpaces();
  const router = createRouter({
    limits,
    spaces,
    store: store && ((message) => store.append({ kind: 'message', ...message })),
    refusal: notKept,
    sharedChanged: (tenant, filter) => doors?.sharedChanged(tenant, filter),
    sendElsewhere: (tenant, content, share) => doors?.sendElsewhere(tenant, content, share),
  });
  const sessions = createSessions({
    limits,
    totals,
    spaces,
    router,
    store,
    nowMs,
    relayed: () => doors?.position,
    publishWill,
    fault,
  });
  const { maxSubscriptions } = limits;
  const sharedKnown = () => doors?.sharedKnown();
  const subscribing = createSubscribing({ spaces, router, store, maxSubscriptions, nowMs, sharedKnown, fault });
  let compactedAt = 0;

  const doors: OtherDoors | undefined =
    relay &&
    createOtherDoors({ relay, router, sessions, subscribing, spaces, store, refusal: notKept, takeOver, nowMs, log });
  const replayed = await store?.replay();
  if (replayed !== undefined) recover(replayed, { sessions, subscribing, router, spaces, nowMs: nowMs() });
  await doors?.start(replayed);

  function notKept(error: unknown): PublishOutcome {
    fault(error);
    const full = error instanceof Error && 'code' in error && error.code === 'journal.full';
    const message = 'the message cannot be kept now; send again later';
    return { ok: false, reason: full ? 'quota' : 'unavailable', message };
  }

  /** Hands a message to whom it is for. Answers when it is durable, where it must be. */
  function publish({ peer, session, use, content, messageId }: Publication<Identity>) {
    const { tenant } = session.owner;
    const route = () => {
      if (doors === undefined) return router.route(tenant, content, session, messageId);
      return doors
        .publish(session, content, messageId)
        .then((outcome) => (outcome.ok ? noteReceived(session, messageId) : outcome));
    };
    if (use === 'route') return route();
    if (use === 'refuse') return refusal(content.topic);
    const next = use === 'take-and-route' ? route : () => noteReceived(session, messageId);
    const outcome = handlers.publish(peer, content.topic, content.payload, content.properties);
    if ('then' in outcome) return outcome.then((settled) => (settled.ok ? next() : settled));
    return outcome.ok ? next() : outcome;
  }

  function noteReceived(session: Session, messageId: number): PublishOutcome | Promise<PublishOutcome> {
    if (messageId === 0 || !session.stored || store === undefined) return { ok: true };
    return store.stepDurably(session.number, messageId, 'received').then(
      () => ({ ok: true }),
      (error: unknown) => {
        fault(error);
        return { ok: false, reason: 'unavailable', message: 'the message cannot be kept now; send again later' };
      },
    );
  }

  function publishWill(session: Session, { content, expirySeconds }: Will): void {
    const { topic } = content;
    const { tenant, name, clientId } = session.owner;
    const expiresAt = expirySeconds < 0 ? Number.POSITIVE_INFINITY : nowMs() + expirySeconds * 1000;
    const peer: MqttPeer<Identity> = {
      ...{ id: 'will', clientId, identity: session.identity as Identity, remote: 'will', version: 5 },
      publish: () => Promise.resolve(false),
      disconnect: () => undefined,
    };
    const told = (outcome: PublishOutcome) => {
      if (!outcome.ok) log('warn', 'mqtt.will-refused', { tenant, name, clientId, topic, message: outcome.message });
    };
    try {
      const use = handlers.mayPublish(peer.identity, topic);
      const outcome = publish({ peer, session, use, content: { ...content, expiresAt }, messageId: 0 });
      if ('then' in outcome) outcome.then(told, fault);
      else told(outcome);
    } catch (error) {
      fault(error);
    }
  }

  function compact(): void {
    if (store === undefined || !store.wantsCompaction || nowMs() - compactedAt < 1000) return;
    compactedAt = nowMs();
    const state = function* () {
      yield* snapshot(sessions, spaces);
      if (doors !== undefined) yield* doors.snapshot();
    };
    store.compact(state()).catch(fault);
  }

  return {
    sessions,
    subscribing,
    publish,
    /** Before a client comes in: it may have been at another door. */
    claim: (owner: SessionOwner, clean: boolean): Promise<ClaimOutcome> | undefined => doors?.claim(owner, clean),
    route: (tenant: string, content: MessageContent) => router.route(tenant, content, undefined, 0),
    /** Resolves when it is durable that the sender of a QoS 2 message released it. */
    finished(session: Session, messageId: number): Promise<void> | undefined {
      return session.stored ? store?.stepDurably(session.number, messageId, 'finished') : undefined;
    },
    sweep(): void {
      sessions.sweep();
      doors?.sweep();
      compact();
    },
    stats(): BrokerStats {
      let retained = 0;
      for (const [, space] of spaces.all()) retained += space.retained.count;
      const stored = store?.stats();
      const kept = { sessions: sessions.count, retained, backlogMessages: totals.messages, backlogBytes: totals.bytes };
      const dropped = { ...totals.dropped };
      return {
        ...kept,
        dropped,
        storeBytes: stored?.bytes ?? 0,
        storeHealthy: stored?.healthy ?? true,
        relay: doors?.stats(),
      };
    },
    async close(): Promise<void> {
      await doors?.stop();
      await store?.close();
    },
  };
}

function refusal(topic: string): PublishOutcome {
  return { ok: false, reason: 'not-authorized', message: `you may not publish to ${topic.slice(0, 200)}` };
}
