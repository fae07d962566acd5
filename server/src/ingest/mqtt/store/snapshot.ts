import { storedReceiver } from '../routing/router.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import { contentOf, type Message } from '../session/message.ts';
import type { Session } from '../session/session.ts';
import { type Sessions, storedSession } from '../session/sessions.ts';
import { storedSubscription } from '../session/subscribing.ts';
import type { BrokerRecord, StoredReceiver } from './broker-record.ts';

interface Held {
  tenant: string;
  keep: boolean;
  readonly receivers: StoredReceiver[];
}

type HeldMessages = Map<Message, Held>;

/** Everything that must survive, as records that come to it. */
export function* snapshot(sessions: Sessions, spaces: TopicSpaces): Iterable<BrokerRecord> {
  const held: HeldMessages = new Map();
  for (const session of sessions.all()) if (session.stored) yield* recordsOf(session, held);
  for (const [tenant, { retained }] of spaces.all())
    for (const message of retained.all()) holding(held, message, tenant).keep = true;
  yield* messagesOf(held);
}

/** One session with what waits for its client. */
export function* snapshotOfSession(session: Session): Iterable<BrokerRecord> {
  const held: HeldMessages = new Map();
  yield* recordsOf(session, held);
  yield* messagesOf(held);
}

/** What is retained, of all tenants. */
export function* snapshotOfRetained(spaces: TopicSpaces): Iterable<BrokerRecord> {
  const held: HeldMessages = new Map();
  for (const [tenant, { retained }] of spaces.all())
    for (const message of retained.all()) holding(held, message, tenant).keep = true;
  yield* messagesOf(held);
}

function* recordsOf(session: Session, held: HeldMessages): Iterable<BrokerRecord> {
  const { number } = session;
  yield { kind: 'session', ...storedSession(session) };
  const subscriptions = [...session.subscriptions.values()].map(storedSubscription);
  if (subscriptions.length > 0) yield { kind: 'subscribed', number, subscriptions };
  const received = [...(session.received?.keys() ?? [])];
  const steps = received.map((messageId) => ({ session: number, messageId, step: 'received' as const }));
  if (steps.length > 0) yield { kind: 'steps', steps };
  for (const delivery of session.deliveries.all()) {
    if (!delivery.stored || delivery.message.void) continue;
    holding(held, delivery.message, session.owner.tenant).receivers.push(storedReceiver(session, delivery));
  }
}

function* messagesOf(held: HeldMessages): Iterable<BrokerRecord> {
  for (const [message, { tenant, keep, receivers }] of [...held].sort(([a], [b]) => a.sequence - b.sequence)) {
    const how = { keep, receivers, from: undefined, insteadOf: [], moved: true };
    yield { kind: 'message', tenant, content: contentOf(message), ...how };
  }
}

function holding(held: HeldMessages, message: Message, tenant: string): Held {
  const known = held.get(message);
  if (known !== undefined) return known;
  const made = { tenant, keep: false, receivers: [] };
  held.set(message, made);
  return made;
}
