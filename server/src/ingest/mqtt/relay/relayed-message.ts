import type { MessageContent } from '../session/message.ts';
import type { SessionOwner } from '../session/session.ts';
import { RecordReader, RecordWriter } from '../store/record-bytes.ts';

/** A message as it goes from the door where it is published to all doors. */
export interface RelayedMessage {
  readonly publisher: SessionOwner;
  readonly content: MessageContent;
}

const version = 1;
const RETAIN = 4;

/** u8 version · u8 QoS and retain · f64 expiry · tenant, name, client identifier, topic · properties · payload */
export function encodeRelayed({ publisher, content }: RelayedMessage): Buffer {
  const { topic, payload, properties, qos, retain, expiresAt } = content;
  const writer = new RecordWriter(192 + topic.length + payload.length + properties.length);
  writer.u8(version);
  writer.u8(qos | (retain ? RETAIN : 0));
  writer.f64(expiresAt);
  for (const text of [publisher.tenant, publisher.name, publisher.clientId, topic]) writer.text(text);
  writer.sized(properties);
  writer.bytes(payload);
  return writer.done();
}

/** Throws RangeError for what is no such message. */
export function decodeRelayed(bytes: Buffer, position: number): RelayedMessage {
  if (bytes[0] !== version) throw new RangeError(`a relayed message of unknown version ${bytes[0]}`);
  const reader = new RecordReader(bytes, 1);
  const flags = reader.u8();
  const expiresAt = reader.f64();
  const publisher = { tenant: reader.text(), name: reader.text(), clientId: reader.text() };
  const topic = reader.text();
  const properties = reader.sized();
  const qos = Math.min(flags & 3, 2) as 0 | 1 | 2;
  const content = { topic, payload: reader.rest(), properties, qos, retain: (flags & RETAIN) !== 0, expiresAt };
  return { publisher, content: { ...content, relayed: position } };
}
