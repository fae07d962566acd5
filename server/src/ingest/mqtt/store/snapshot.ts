import { storedReceiver } from '../routing/router.ts';
import type { TopicSpaces } from '../routing/topic-space.ts';
import type { Message } from '../session/message.ts';
import { type Sessions, storedSession } from '../session/sessions.ts';
import { storedSubscription } from '../session/subscribing.ts';
import type { BrokerRecord, StoredReceiver } from './broker-record.ts';

interface Held {
  tenant: string;
  keep: boolean;
  readonly receivers: StoredReceiver[];
}

/** Everything that must survive, as records that come to it. */
export function* snapshot(sessions: Sessions, spaces: TopicSpaces): Iterable<BrokerRecord> {
  const held = new Map<Message, Held>();
  for (const session of sessions.all()) {
    if (!session.stored) continue;
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
  for (const [tenant, { retained }] of spaces.all())
    for (const message of retained.all()) holding(held, message, tenant).keep = true;
  for (const [message, { tenant, keep, receivers }] of [...held].sort(([a], [b]) => a.sequence - b.sequence)) {
    const { topic, payload, properties, qos, retain, expiresAt } = message;
    const content = { topic, payload, properties, qos, retain, expiresAt };
    yield { kind: 'message', tenant, content, keep, receivers, from: undefined, insteadOf: [] };
  }
}

function holding(held: Map<Message, Held>, message: Message, tenant: string): Held {
  const known = held.get(message);
  if (known !== undefined) return known;
  const made = { tenant, keep: false, receivers: [] };
  held.set(message, made);
  return made;
}
