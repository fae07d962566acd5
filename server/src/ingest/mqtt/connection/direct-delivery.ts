import type { MqttLimits } from '../mqtt-limits.ts';
import { filterMatches } from '../routing/topic-filter.ts';
import { Message } from '../session/message.ts';
import type { Session } from '../session/session.ts';

/**
 * Sends a message of the platform to one client. Resolves true when it was written (QoS 0) or acknowledged (QoS 1).
 * `tooMuch` is called when the client reads too little of what it must not lose.
 */
export function directDelivery(
  session: Session,
  unsentBytes: number,
  { maxUnsentBytes, maxUnsentPublishes }: MqttLimits,
  topic: string,
  payload: Uint8Array,
  qos: 0 | 1,
  tooMuch: () => void,
): Promise<boolean> {
  const granted = grantedQos(session, topic);
  if (granted === undefined) return Promise.resolve(false);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const { deliveries } = session;
  if (deliveries.isFullFor(bytes.length, unsentBytes, maxUnsentBytes, maxUnsentPublishes)) {
    tooMuch();
    return Promise.resolve(false);
  }
  const content = {
    topic,
    payload: bytes,
    properties: nothing,
    qos,
    retain: false,
    expiresAt: Number.POSITIVE_INFINITY,
  };
  return new Promise((done) => {
    const how = { qos: Math.min(qos, granted) as 0 | 1, retain: false, subscriptionIds: [], group: undefined, done };
    if (deliveries.offer({ message: new Message(content, 0), ...how }, false) === undefined) done(false);
  });
}

const nothing = Buffer.alloc(0);

function grantedQos({ subscriptions }: Session, topic: string): number | undefined {
  const exact = subscriptions.get(topic);
  if (exact !== undefined) return exact.qos;
  let granted: number | undefined;
  for (const { filter, qos } of subscriptions.values())
    if (filter.group === undefined && filterMatches(filter.filter, topic)) granted = Math.max(granted ?? 0, qos);
  return granted;
}
