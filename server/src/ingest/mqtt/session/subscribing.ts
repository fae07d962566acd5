import { subscribeRefusals } from '../mqtt-reasons.ts';
import type { Router } from '../routing/router.ts';
import type { Subscription, SubscriptionOptions } from '../routing/subscription-tree.ts';
import { parseFilter, type TopicFilter } from '../routing/topic-filter.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { StoredSubscription } from '../store/broker-record.ts';
import type { Session } from './session.ts';
import type { SessionStore } from './sessions.ts';

/** One line of a SUBSCRIBE. */
export interface SubscriptionRequest extends SubscriptionOptions {
  readonly filter: string;
  /** 0: send what is retained; 1: only when the subscription is new; 2: do not. */
  readonly retainHandling: number;
}

export interface SubscribingOptions {
  readonly spaces: TopicSpaces;
  readonly router: Router;
  readonly store: SessionStore | undefined;
  readonly maxSubscriptions: number;
  readonly nowMs: () => number;
  /** Resolves when all doors know of what has changed in shared subscriptions; undefined when this is the only one. */
  readonly sharedKnown: () => Promise<void> | undefined;
  readonly fault: (error: unknown) => void;
}

export type Subscribing = ReturnType<typeof createSubscribing>;

/** What a SUBSCRIBE did: a code for each filter, and those to which retained messages go after SUBACK. */
export interface Subscribed {
  readonly codes: readonly number[];
  readonly granted: readonly { subscription: Subscription<Session>; sendRetained: boolean }[];
  /** Rejects when it cannot be kept; then it was undone. */
  readonly durable: Promise<void> | undefined;
}

/** Changes of what sessions have subscribed to. They hold at once; acknowledged they are when they are durable. */
export function createSubscribing({
  spaces,
  router,
  store,
  maxSubscriptions,
  nowMs,
  sharedKnown,
  fault,
}: SubscribingOptions) {
  function put(session: Session, filter: TopicFilter, options: SubscriptionOptions): Subscription<Session> {
    const { qos, noLocal, retainAsPublished, ids } = options;
    const subscription = { session, filter, qos, noLocal, retainAsPublished, ids };
    session.subscriptions.set(filter.whole, subscription);
    spaces.of(session.owner.tenant).subscriptions.add(subscription);
    if (filter.group !== undefined) router.sharedChanged(session.owner.tenant, filter);
    return subscription;
  }

  function remove(session: Session, filter: TopicFilter): void {
    session.subscriptions.delete(filter.whole);
    spaces.of(session.owner.tenant).subscriptions.remove(session, filter);
    if (filter.group === undefined) return;
    router.sharedChanged(session.owner.tenant, filter);
    router.reassign(session, filter, false);
  }

  return {
    put,
    /** `allowed` is asked for each filter, without a share's name, that is right otherwise. */
    subscribe(
      session: Session,
      requests: readonly SubscriptionRequest[],
      allowed: (filter: string) => boolean,
    ): Subscribed {
      const granted: {
        subscription: Subscription<Session>;
        before: Subscription<Session> | undefined;
        sendRetained: boolean;
      }[] = [];
      const codes = requests.map((request) => {
        const filter = parseFilter(request.filter);
        if (filter === undefined) return subscribeRefusals.filterInvalid;
        const before = session.subscriptions.get(filter.whole);
        if (before === undefined && session.subscriptions.size >= maxSubscriptions) return subscribeRefusals.quota;
        if (!allowed(filter.filter)) return subscribeRefusals.notAuthorized;
        const { retainHandling } = request;
        const asked = retainHandling === 0 || (retainHandling === 1 && before === undefined);
        const subscription = put(session, filter, request);
        granted.push({ subscription, before, sendRetained: asked && filter.group === undefined });
        return request.qos;
      });
      const shared = granted.some(({ subscription }) => subscription.filter.group !== undefined);
      const known = shared ? sharedKnown() : undefined;
      if (!session.stored || store === undefined || granted.length === 0) return { codes, granted, durable: known };
      const subscriptions = granted.map(({ subscription }) => storedSubscription(subscription));
      const durable = store.append({ kind: 'subscribed', number: session.number, subscriptions });
      durable.catch(() => {
        for (const { subscription, before } of granted) {
          if (session.subscriptions.get(subscription.filter.whole) !== subscription) continue;
          remove(session, subscription.filter);
          if (before !== undefined) put(session, before.filter, before);
        }
      });
      return { codes, granted, durable: known === undefined ? durable : durable.then(() => known) };
    },
    /** Returns the UNSUBACK codes. */
    unsubscribe(session: Session, filters: readonly string[]): { codes: number[]; durable: Promise<void> | undefined } {
      const gone: string[] = [];
      const codes = filters.map((whole) => {
        const known = session.subscriptions.get(whole);
        if (known === undefined) return 0x11;
        remove(session, known.filter);
        gone.push(whole);
        return 0;
      });
      const durable =
        session.stored && gone.length > 0
          ? store?.append({ kind: 'unsubscribed', number: session.number, filters: gone })
          : undefined;
      return { codes, durable };
    },
    sendRetained: (subscription: Subscription<Session>) =>
      router.sendRetained(subscription.session.owner.tenant, subscription, nowMs()),
    /** Somebody who comes back may not be allowed any more what he was. */
    recheck(session: Session, allowed: (filter: string) => boolean): void {
      const gone = [...session.subscriptions.values()].filter(({ filter }) => !allowed(filter.filter));
      if (gone.length === 0) return;
      for (const { filter } of gone) remove(session, filter);
      const filters = gone.map(({ filter }) => filter.whole);
      if (session.stored) store?.append({ kind: 'unsubscribed', number: session.number, filters }).catch(fault);
    },
  };
}

export function storedSubscription({
  filter,
  qos,
  noLocal,
  retainAsPublished,
  ids,
}: Subscription<Session>): StoredSubscription {
  return { filter: filter.whole, qos, noLocal, retainAsPublished, ids };
}
