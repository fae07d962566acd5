import { decodeGroup, encodeGroup } from '../../../log/log.ts';
import type { Router } from '../routing/router.ts';
import { parseFilter } from '../routing/topic-filter.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { Session, SessionOwner } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Subscribing } from '../session/subscribing.ts';
import type { BrokerRecord } from '../store/broker-record.ts';
import type { BrokerStore } from '../store/broker-store.ts';
import { decodeEntry, encodeRecord } from '../store/record-codec.ts';
import { takeIn } from '../store/recovery.ts';
import { type ReplayedSession, ReplayedState } from '../store/replayed-state.ts';
import { snapshotOfSession } from '../store/snapshot.ts';

interface SessionsElsewhereOptions {
  readonly sessions: Sessions;
  readonly subscribing: Subscribing;
  readonly router: Router;
  readonly spaces: TopicSpaces;
  readonly store: BrokerStore | undefined;
  readonly nowMs: () => number;
}

export interface TakenIn {
  /** Of the session, where it comes from. */
  readonly number: number;
  /** Resolves when it is durable here. */
  readonly kept: Promise<void>;
}

const partBytes = 1 << 20;

/** A session with what waits for its client, in parts for the relay. */
export function describeSession(session: Session): Uint8Array[] {
  return inParts(snapshotOfSession(session));
}

/** Records of the broker in groups of about a mebibyte. */
export function inParts(records: Iterable<BrokerRecord>): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let group: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    const encoded = encodeRecord(record);
    if (group.length > 0 && (bytes + encoded.length > partBytes || group.length === 4096)) {
      parts.push(encodeGroup(group));
      group = [];
      bytes = 0;
    }
    group.push(encoded);
    bytes += encoded.length;
  }
  if (group.length > 0) parts.push(encodeGroup(group));
  return parts;
}

/** What the parts come to. Throws an Error for parts that are damaged. */
export function fromParts(parts: readonly Buffer[]): ReplayedState {
  const state = new ReplayedState();
  for (const part of parts)
    for (const bytes of decodeGroup(part)) {
      const entry = decodeEntry(bytes);
      if (entry.mark === 'record') state.apply(entry.record);
    }
  return state;
}

export type SessionsElsewhere = ReturnType<typeof createSessionsElsewhere>;

/** Sessions that come from other doors. */
export function createSessionsElsewhere(options: SessionsElsewhereOptions) {
  const { sessions, subscribing, router, spaces, store, nowMs } = options;

  /** The client has been here since: of what waited elsewhere it gets what it cannot have got here. */
  function merge(session: Session, { deliveries, received }: ReplayedSession): void {
    const { relayedUpTo } = session;
    for (const { message, receiver } of deliveries.values()) {
      const { content } = message.message;
      if (content.relayed === undefined || relayedUpTo === undefined || content.relayed > relayedUpTo) continue;
      const { qos, retain, subscriptionIds, share } = receiver;
      const filter = share === undefined ? undefined : parseFilter(share);
      const group = filter && spaces.of(session.owner.tenant).subscriptions.group(filter);
      router.adopt(session, content, { qos, retain, subscriptionIds, group });
    }
    if (received.size === 0) return;
    session.received ??= new Map();
    for (const messageId of received) if (!session.received.has(messageId)) session.received.set(messageId, undefined);
  }

  return {
    /** In one turn. Throws an Error for what is no session of this client. */
    takeIn(owner: SessionOwner, parts: readonly Buffer[]): TakenIn {
      const state = fromParts(parts);
      const [replayed] = state.sessions.values();
      const told = replayed?.session.owner;
      if (replayed === undefined || told?.tenant !== owner.tenant || told.name !== owner.name)
        throw new Error('what came is not the session that was asked for');
      const { number } = replayed.session;
      const here = sessions.find(owner);
      if (here !== undefined) {
        merge(here, replayed);
        return { number, kept: Promise.resolve() };
      }
      const session = takeIn(state, replayed, sessions.nextNumber(), {
        sessions,
        subscribing,
        router,
        spaces,
        nowMs: nowMs(),
      });
      const written = store === undefined ? [] : [...snapshotOfSession(session)].map((record) => store.append(record));
      return { number, kept: Promise.all(written).then(() => undefined) };
    },
  };
}
