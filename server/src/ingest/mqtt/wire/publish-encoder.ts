import type { MqttVersion } from './control-packets.ts';
import { propertyIds } from './properties.ts';

/** A message as the wire needs it. */
export interface WireMessage {
  readonly topicBytes: Buffer;
  /** MQTT 5 properties that are passed on as they came. */
  readonly properties: Buffer;
  readonly payload: Buffer;
}

/** How one receiver gets it. */
export interface WireOptions {
  readonly version: MqttVersion;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Seconds left; -1 without expiry. */
  readonly expirySeconds: number;
  readonly subscriptionIds: readonly number[];
  /** 0 for none. */
  readonly topicAlias: number;
  /** The alias is known to the receiver: the topic is left out. */
  readonly topicLeftOut: boolean;
}

/**
 * A PUBLISH for any number of receivers: the packet identifier is set when it is copied out. A large payload is not
 * copied into it.
 */
export interface EncodedPublish {
  readonly head: Buffer;
  /** Where the packet identifier goes; 0 for QoS 0. */
  readonly idAt: number;
  /** What follows `head`; undefined when it is in `head`. */
  readonly payload: Buffer | undefined;
  readonly bytes: number;
}

/** From here on a copy costs more than a second write. */
const SEPARATE_PAYLOAD_BYTES = 16 * 1024;

export function encodePublish({ topicBytes, properties, payload }: WireMessage, options: WireOptions): EncodedPublish {
  const { version, qos, retain, expirySeconds, subscriptionIds, topicAlias, topicLeftOut } = options;
  const topicLength = topicLeftOut ? 0 : topicBytes.length;
  let propertyBytes = 0;
  if (version === 5) {
    propertyBytes = properties.length + (expirySeconds >= 0 ? 5 : 0) + (topicAlias > 0 ? 3 : 0);
    for (const id of subscriptionIds) propertyBytes += 1 + varintBytes(id);
  }
  const body =
    2 +
    topicLength +
    (qos > 0 ? 2 : 0) +
    (version === 5 ? varintBytes(propertyBytes) + propertyBytes : 0) +
    payload.length;
  const bytes = 1 + varintBytes(body) + body;
  const separate = payload.length >= SEPARATE_PAYLOAD_BYTES;
  const head = Buffer.allocUnsafe(separate ? bytes - payload.length : bytes);
  head[0] = 0x30 | (qos << 1) | (retain ? 1 : 0);
  let at = putVarint(head, 1, body);
  head[at++] = topicLength >> 8;
  head[at++] = topicLength & 0xff;
  if (topicLength > 0) at += topicBytes.copy(head, at);
  const idAt = qos > 0 ? at : 0;
  if (qos > 0) at += 2;
  if (version === 5) {
    at = putVarint(head, at, propertyBytes);
    if (expirySeconds >= 0) {
      head[at++] = propertyIds.messageExpiry;
      at = head.writeUInt32BE(expirySeconds, at);
    }
    if (topicAlias > 0) {
      head[at++] = propertyIds.topicAlias;
      at = head.writeUInt16BE(topicAlias, at);
    }
    at += properties.copy(head, at);
    for (const id of subscriptionIds) {
      head[at++] = propertyIds.subscriptionIdentifier;
      at = putVarint(head, at, id);
    }
  }
  if (!separate) payload.copy(head, at);
  return { head, idAt, payload: separate ? payload : undefined, bytes };
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

function putVarint(buffer: Buffer, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}
