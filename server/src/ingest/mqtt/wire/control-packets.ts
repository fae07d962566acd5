import { generate, type IConnackPacket, type Packet, parser } from 'mqtt-packet';
import type { MqttLimits } from '../mqtt-limits.ts';
import { type MqttRefusal, mqttReasons } from '../mqtt-reasons.ts';

export type MqttVersion = 4 | 5;

/**
 * Everything that is not a PUBLISH, one whole packet at a time, by mqtt-packet. A parser of its own for each packet:
 * these are rare, nothing is left over from a broken one, and nothing can be read past the packet's end.
 */
export function parseControlPacket(frame: Buffer, version: MqttVersion): Packet | undefined {
  let parsed: Packet | undefined;
  let broken = false;
  const one = parser({ protocolVersion: version });
  one.on('packet', (packet) => {
    parsed = packet;
  });
  one.on('error', () => {
    broken = true;
  });
  try {
    one.parse(frame);
  } catch {
    // mqtt-packet reads past the end of some truncated packets; that is the sender's mistake, not a fault here.
    return undefined;
  }
  return broken ? undefined : parsed;
}

/** Text that cannot be an MQTT string: NUL, or bytes that were no UTF-8 (the parser puts U+FFFD in their place). */
export function isBrokenText(text: string): boolean {
  return text.includes('\u0000') || text.includes('\uFFFD');
}

/** Encodes for one client: its version, and never larger than it said it takes. Empty when it cannot be made to fit. */
export function encode(packet: Packet, version: MqttVersion, clientMaximumPacketBytes: number): Buffer {
  const bytes = generate(packet, {
    protocolVersion: version,
    // mqtt-packet leaves out reason strings to fit, but does not count the fixed header.
    properties: { maximumPacketSize: Math.max(1, clientMaximumPacketBytes - 5) },
  });
  return bytes.length <= clientMaximumPacketBytes ? bytes : Buffer.alloc(0);
}

/** What the door offers and what it does not, said to a MQTT 5 client at once. */
export function acceptance(
  limits: MqttLimits,
  version: MqttVersion,
  assignedClientId: string | undefined,
  sessionAsked: boolean,
): IConnackPacket {
  if (version === 4) return { cmd: 'connack', sessionPresent: false, returnCode: 0 };
  return {
    cmd: 'connack',
    sessionPresent: false,
    reasonCode: 0,
    properties: {
      receiveMaximum: limits.receiveMaximum,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: limits.maxPacketBytes,
      topicAliasMaximum: limits.topicAliasMaximum,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      ...(sessionAsked && { sessionExpiryInterval: 0 }),
      ...(assignedClientId !== undefined && { assignedClientIdentifier: assignedClientId }),
    },
  };
}

export function rejection(version: MqttVersion, refusal: MqttRefusal): IConnackPacket {
  const reason = mqttReasons[refusal];
  if (version === 4) return { cmd: 'connack', sessionPresent: false, returnCode: reason.returnCode };
  return {
    cmd: 'connack',
    sessionPresent: false,
    reasonCode: reason.code,
    properties: { reasonString: reason.text },
  };
}

export interface Numbered {
  messageId: number;
}

/** A packet identifier is never zero; the parser gives -1 for one that is cut off. */
export function isNumbered<P extends Packet>(packet: P): packet is P & Numbered {
  return packet.messageId !== undefined && packet.messageId > 0;
}
