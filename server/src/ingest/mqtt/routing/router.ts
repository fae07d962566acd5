import type { RouterLimits } from '../mqtt-limits.ts';
import type { PublishOutcome } from '../mqtt-reasons.ts';
import { contentOf, Message, type MessageContent } from '../session/message.ts';
import type { Session, SessionDelivery, SessionOffer } from '../session/session.ts';
import type { StoredMessage, StoredReceiver } from '../store/broker-record.ts';
import type { SharedGroup, Subscription } from './subscription-tree.ts';
import type { TopicFilter } from './topic-filter.ts';
import type { TopicSpace, TopicSpaces } from './topic-space.ts';

export interface RouterOptions {
  readonly limits: RouterLimits;
  readonly spaces: TopicSpaces;
  /** Makes it durable; undefined when nothing is kept on disk. */
  readonly store: ((message: StoredMessage) => Promise<void>) | undefined;
  readonly refusal: (error: unknown) => PublishOutcome;
  /** A shared subscription has other members now, or they came or went. */
  readonly sharedChanged: (tenant: string, filter: TopicFilter) => void;
  /** Nobody here takes it for a shared subscription any more; another door may. */
  readonly sendElsewhere: (tenant: string, content: MessageContent, share: string) => void;
}

/** To whom a message goes that came by the relay. */
export interface RelayedTo {
  /** Shared subscriptions whose turn it is here. */
  readonly shares: readonly string[];
  readonly sharesOnly: boolean;
}

/** One session that gets a message, and how. */
interface Receiver {
  readonly session: Session;
  readonly offer: SessionOffer;
}

const taken: PublishOutcome = { ok: true };
const takenByNobody: PublishOutcome = { ok: true, unmatched: true };
const nobody: readonly Receiver[] = [];

export type Router = ReturnType<typeof createRouter>;

/** From a message to the sessions that have subscribed to it. */
export function createRouter({ limits, spaces, store, refusal, sharedChanged, sendElsewhere }: RouterOptions) {
  let sequence = 0;

  /**
   * Gives a message to all who have subscribed. Answers at once when nothing of it must be on disk, otherwise when it
   * is: nobody gets it before. `messageId` is that of a QoS 2 message of a stored session, 0 otherwise. What came by
   * the relay had room where it was published.
   */
  function route(
    tenant: string,
    content: MessageContent,
    from: Session | undefined,
    messageId: number,
    to?: RelayedTo,
  ): PublishOutcome | Promise<PublishOutcome> {
    const space = spaces.of(tenant);
    const full = content.relayed === undefined ? refusedRetained(tenant, content) : undefined;
    if (full !== undefined) return full;
    const message = new Message(content, ++sequence);
    const receivers = receiversOf(space, message, from, to);
    const noted = from?.stored === true && messageId > 0;
    const durable = store !== undefined && (content.retain || noted || receivers.some(mustBeStored));
    message.ready = !durable;
    const stored = give(receivers);
    const before = content.retain ? keep(space, message) : undefined;
    const outcome = receivers.length === 0 ? takenByNobody : taken;
    if (!durable) {
      message.forgetEncoded();
      return outcome;
    }
    const sender = noted ? { session: from.number, messageId } : undefined;
    const record = {
      tenant,
      content,
      keep: content.retain,
      from: sender,
      receivers: stored,
      insteadOf: [],
      moved: false,
    };
    return settle(message, store(record), outcome, () => {
      if (!content.retain) return;
      const current = space.retained.get(content.topic);
      if (current === message || (current === undefined && content.payload.length === 0))
        keepAgain(space, content.topic, before);
    });
  }

  async function settle(
    message: Message,
    durable: Promise<void>,
    outcome: PublishOutcome,
    undo: () => void,
  ): Promise<PublishOutcome> {
    let answer = outcome;
    try {
      await durable;
      message.ready = true;
    } catch (error) {
      message.void = true;
      undo();
      answer = refusal(error);
    }
    const { waiting = [] } = message;
    message.waiting = undefined;
    for (const deliveries of waiting) deliveries.pump();
    message.forgetEncoded();
    return answer;
  }

  function receiversOf(
    space: TopicSpace,
    message: Message,
    from: Session | undefined,
    to: RelayedTo | undefined,
  ): readonly Receiver[] {
    const { relayed } = message;
    const { sessions, groups } = space.subscriptions.match(message.topic);
    if (sessions.length === 0 && groups.length === 0) return nobody;
    const receivers: Receiver[] = [];
    for (const { session, subscriptions } of to?.sharesOnly ? [] : sessions) {
      if (relayed !== undefined && session.relayedUpTo !== undefined && relayed <= session.relayedUpTo) continue;
      const offer = offerOf(message, subscriptions, from);
      if (offer !== undefined) receivers.push({ session, offer });
    }
    for (const group of groups) {
      if (to !== undefined && !to.shares.includes(group.filter.whole)) continue;
      const member = choose(group, message.qos, undefined);
      if (member !== undefined) receivers.push({ session: member.session, offer: sharedOffer(message, member, group) });
    }
    return receivers;
  }

  /** Returns what the store must know. */
  function give(receivers: readonly Receiver[]): StoredReceiver[] {
    const stored: StoredReceiver[] = [];
    for (const { session, offer } of receivers) {
      // Somebody who is away gets what is acknowledged, when he comes back.
      if (!session.connected && offer.qos === 0) continue;
      const delivery = session.deliveries.offer(offer, session.stored && offer.qos > 0);
      if (delivery?.stored) stored.push(storedReceiver(session, delivery));
    }
    return stored;
  }

  // ---- retained

  /** Why it cannot be kept; undefined when it can, or need not be. */
  function refusedRetained(tenant: string, content: MessageContent): PublishOutcome | undefined {
    if (!content.retain || content.payload.length === 0 || hasRoom(spaces.of(tenant), content)) return undefined;
    return { ok: false, reason: 'quota', message: 'too many retained messages; clear some first' };
  }

  function hasRoom(space: TopicSpace, { topic, payload, properties }: MessageContent): boolean {
    const older = space.retained.get(topic);
    if (older === undefined && space.retained.count >= limits.maxRetainedMessages) return false;
    const grown = payload.length + properties.length + topic.length - (older?.bytes ?? 0);
    return space.retainedBytes + grown <= limits.maxRetainedBytes;
  }

  function keep(space: TopicSpace, message: Message): Message | undefined {
    return keepAgain(space, message.topic, message.payload.length === 0 ? undefined : message);
  }

  function keepAgain(space: TopicSpace, topic: string, message: Message | undefined): Message | undefined {
    const before = space.retained.set(topic, message);
    space.retainedBytes += (message?.bytes ?? 0) - (before?.bytes ?? 0);
    return before;
  }

  /** Sends what is retained to a new subscription. */
  function sendRetained(tenant: string, { session, filter, qos, ids }: Subscription<Session>, nowMs: number): void {
    const space = spaces.of(tenant);
    const found = /[+#]/.test(filter.filter)
      ? space.retained.matching(filter.filter)
      : [space.retained.get(filter.filter)].filter((message) => message !== undefined);
    for (const message of found) {
      if (message.secondsLeft(nowMs) === undefined) {
        keepAgain(space, message.topic, undefined);
        continue;
      }
      const granted = Math.min(qos, message.qos) as 0 | 1 | 2;
      const how = { qos: granted, retain: true, subscriptionIds: ids, group: undefined };
      if (session.stored && granted > 0) giveCopy(tenant, message, session, how, undefined);
      else {
        session.deliveries.offer({ message, ...how }, false);
        message.forgetEncoded();
      }
    }
  }

  /** Gives a message that is there already to one more session, instead of to another. */
  function giveCopy(
    tenant: string,
    message: Message,
    session: Session,
    how: Omit<SessionOffer, 'message'>,
    insteadOf: { session: Session; delivery: SessionDelivery } | undefined,
  ): void {
    const copy = new Message(message, ++sequence);
    const offer = { message: copy, ...how };
    const durable = store !== undefined && (insteadOf?.delivery.stored || mustBeStored({ session, offer }));
    copy.ready = !durable;
    const receivers = give([{ session, offer }]);
    insteadOf?.session.deliveries.withdraw(insteadOf.delivery);
    if (!durable) {
      copy.forgetEncoded();
      return;
    }
    const content = contentOf(message);
    const gone =
      insteadOf?.delivery.stored === true
        ? [{ session: insteadOf.session.number, messageId: insteadOf.delivery.messageId }]
        : [];
    const record = { tenant, content, keep: false, from: undefined, receivers, insteadOf: gone, moved: true };
    void settle(copy, store(record), taken, () => {
      if (insteadOf === undefined) return;
      const { delivery } = insteadOf;
      insteadOf.session.deliveries.restore(delivery, delivery.messageId, 'waiting', delivery.again);
    });
  }

  // ---- shared subscriptions

  /** The next member that can take a message now; else one that is connected; else one that comes back. */
  function choose(
    group: SharedGroup<Session>,
    qos: number,
    not: Session | undefined,
  ): Subscription<Session> | undefined {
    const { members } = group;
    let second: Subscription<Session> | undefined;
    let third: Subscription<Session> | undefined;
    for (let i = 0; i < members.length; i++) {
      const at = (group.next + i) % members.length;
      const member = members[at]!;
      const { session } = member;
      if (session === not) continue;
      if (session.connected) {
        if (session.deliveries.takesNow) {
          group.next = at + 1;
          return member;
        }
        second ??= member;
      } else if (Math.min(qos, member.qos) > 0) third ??= member;
    }
    group.next = (group.next + 1) % Math.max(1, members.length);
    return second ?? third;
  }

  /**
   * A member of shared subscriptions has gone: what it has not got goes to another. A QoS 2 message that it may have
   * got stays with it. `only` narrows it to one subscription; `connected` to members that are there.
   */
  function reassign(session: Session, only: TopicFilter | undefined, connected: boolean): void {
    const { tenant } = session.owner;
    const group = only === undefined ? undefined : spaces.of(tenant).subscriptions.group(only);
    for (const delivery of [...session.deliveries.all()]) {
      const { message, qos, again, state } = delivery;
      if (delivery.group === undefined || (only !== undefined && delivery.group !== group)) continue;
      if (state !== 'waiting' || !message.ready || (qos === 2 && again)) continue;
      const member = choose(delivery.group, message.qos, session);
      if (member === undefined && !connected) sendElsewhere(tenant, contentOf(message), delivery.group.filter.whole);
      if (member === undefined || (connected && !member.session.connected)) continue;
      const { message: _, ...how } = sharedOffer(message, member, delivery.group);
      giveCopy(tenant, message, member.session, how, { session, delivery });
    }
  }

  return {
    route,
    /** Members of its shared subscriptions came or went with it. */
    membersChanged({ owner, subscriptions }: Session): void {
      for (const { filter } of subscriptions.values())
        if (filter.group !== undefined) sharedChanged(owner.tenant, filter);
    },
    sharedChanged,
    /** Gives what waited for the same client elsewhere. */
    adopt: (session: Session, content: MessageContent, how: Omit<SessionOffer, 'message'>) =>
      giveCopy(session.owner.tenant, new Message(content, ++sequence), session, how, undefined),
    refusedRetained,
    sendRetained,
    reassign,
    /** A message as it comes from the store. */
    restored: (content: MessageContent) => new Message(content, ++sequence),
    restoreRetained: (tenant: string, message: Message) => void keep(spaces.of(tenant), message),
  };
}

export function storedReceiver({ number }: Session, delivery: SessionDelivery): StoredReceiver {
  const { messageId, qos, retain, subscriptionIds, group, state, again } = delivery;
  const how = { qos: qos === 2 ? 2 : 1, retain, subscriptionIds, share: group?.filter.whole } as const;
  return { session: number, messageId, ...how, released: state === 'released', again };
}

function mustBeStored({ session, offer }: Receiver): boolean {
  return session.stored && offer.qos > 0;
}

/** One message for all subscriptions of a session: at the highest QoS, with all their identifiers. */
function offerOf(
  message: Message,
  subscriptions: readonly Subscription<Session>[],
  from: Session | undefined,
): SessionOffer | undefined {
  let granted = -1;
  let asPublished = false;
  let subscriptionIds: readonly number[] = [];
  for (const { session, qos, noLocal, retainAsPublished, ids } of subscriptions) {
    if (noLocal && session === from) continue;
    granted = Math.max(granted, qos);
    asPublished ||= retainAsPublished;
    if (ids.length > 0) subscriptionIds = subscriptionIds.length === 0 ? ids : [...subscriptionIds, ...ids];
  }
  if (granted < 0) return undefined;
  const qos = Math.min(granted, message.qos) as 0 | 1 | 2;
  return { message, qos, retain: asPublished && message.retain, subscriptionIds, group: undefined };
}

function sharedOffer(
  message: Message,
  { qos, retainAsPublished, ids }: Subscription<Session>,
  group: SharedGroup<Session>,
): SessionOffer {
  const granted = Math.min(qos, message.qos) as 0 | 1 | 2;
  return { message, qos: granted, retain: retainAsPublished && message.retain, subscriptionIds: ids, group };
}
