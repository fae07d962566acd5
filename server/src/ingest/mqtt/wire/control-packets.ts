import { generate, type IConnackPacket, type Packet, parser, writeToStream } from 'mqtt-packet';
import type { MqttLimits } from '../mqtt-limits.ts';
import { type MqttRefusal, mqttReasons } from '../mqtt-reasons.ts';

export type MqttVersion = 4 | 5;

/** Two bytes are made as quickly as looked up: without it the first packet makes 65,536 buffers that stay, 6 MB. */
writeToStream.cacheNumbers = false;

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

/** Encodes for one client: its version, and never larger than it said it takes. Empty when it cannot be made to fit. */
export function encode(packet: Packet, version: MqttVersion, clientMaximumPacketBytes: number): Buffer {
  const bytes = generate(packet, {
    protocolVersion: version,
    // mqtt-packet leaves out reason strings to fit, but does not count the fixed header.
    properties: { maximumPacketSize: Math.max(1, clientMaximumPacketBytes - 5) },
  });
  return bytes.length <= clientMaximumPacketBytes ? bytes : Buffer.alloc(0);
}

export interface Acceptance {
  readonly limits: MqttLimits;
  readonly version: MqttVersion;
  readonly sessionPresent: boolean;
  /** Where the door chose the client identifier. */
  readonly assignedClientId: string | undefined;
  /** Where it is not the one asked for. */
  readonly keepAliveSeconds: number | undefined;
}

/** CONNACK. What is not said to a MQTT 5 client has its default: QoS 2, retained messages, wildcards, shares are there. */
export function acceptance(accepted: Acceptance): IConnackPacket {
  const { limits, version, sessionPresent, assignedClientId, keepAliveSeconds } = accepted;
  if (version === 4) return { cmd: 'connack', sessionPresent, returnCode: 0 };
  return {
    cmd: 'connack',
    sessionPresent,
    reasonCode: 0,
    properties: {
      receiveMaximum: limits.receiveMaximum,
      maximumPacketSize: limits.maxPacketBytes,
      topicAliasMaximum: limits.topicAliasMaximum,
      ...(keepAliveSeconds !== undefined && { serverKeepAlive: keepAliveSeconds }),
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
