import type { MessageContent } from '../session/message.ts';
import type { SessionOwner } from '../session/session.ts';
import type { StoredMembers } from '../store/broker-record.ts';
import { RecordReader, RecordWriter } from '../store/record-bytes.ts';

/** A message as it goes from the door where it is published to all doors. */
export interface RelayedMessage {
  readonly kind: 'message';
  readonly publisher: SessionOwner;
  readonly content: MessageContent;
  /** Its packet identifier when it is QoS 2 of a session that is kept; 0 otherwise. */
  readonly messageId: number;
  /** It is for this shared subscription alone, at any door but this one, which has nobody for it any more. */
  readonly only: { readonly share: string; readonly notAt: string } | undefined;
}

/** What doors say to each other, in one order for all. */
export type RelayRecordBody =
  | RelayedMessage
  /** How many members a shared subscription has at a door from now on. */
  | ({ readonly kind: 'members' } & StoredMembers)
  /** A door is gone: nobody is connected there. */
  | { readonly kind: 'gone'; readonly server: string };

/** First byte. */
const MESSAGE = 1;
const MESSAGE_FOR_SHARE = 2;
const PLAIN = 3;
const RETAIN = 4;

/**
 * Of a message: u8 kind · u8 QoS and retain · u16 packet identifier · f64 expiry · tenant, name, client identifier, topic (for a share: its name,
 * server) · properties · payload. The rest: u8 kind · JSON.
 */
export function encodeRelayRecord(body: RelayRecordBody): Buffer {
  if (body.kind !== 'message') return Buffer.concat([Buffer.from([PLAIN]), Buffer.from(JSON.stringify(body))]);
  const { publisher, content, messageId, only } = body;
  const { topic, payload, properties, qos, retain, expiresAt } = content;
  const writer = new RecordWriter(192 + topic.length + payload.length + properties.length);
  writer.u8(only === undefined ? MESSAGE : MESSAGE_FOR_SHARE);
  writer.u8(qos | (retain ? RETAIN : 0));
  writer.u16(messageId);
  writer.f64(expiresAt);
  for (const text of [publisher.tenant, publisher.name, publisher.clientId, topic]) writer.text(text);
  if (only !== undefined) for (const text of [only.share, only.notAt]) writer.text(text);
  writer.sized(properties);
  writer.bytes(payload);
  return writer.done();
}

/** Throws RangeError or SyntaxError for what is no such record. */
export function decodeRelayRecord(bytes: Buffer, position: number): RelayRecordBody {
  const kind = bytes[0];
  if (kind === PLAIN) return JSON.parse(bytes.toString('utf8', 1)) as RelayRecordBody;
  if (kind !== MESSAGE && kind !== MESSAGE_FOR_SHARE) throw new RangeError(`a relay record of unknown kind ${kind}`);
  const reader = new RecordReader(bytes, 1);
  const flags = reader.u8();
  const messageId = reader.u16();
  const expiresAt = reader.f64();
  const publisher = { tenant: reader.text(), name: reader.text(), clientId: reader.text() };
  const topic = reader.text();
  const only = kind === MESSAGE ? undefined : { share: reader.text(), notAt: reader.text() };
  const properties = reader.sized();
  const qos = Math.min(flags & 3, 2) as 0 | 1 | 2;
  const content = { topic, payload: reader.rest(), properties, qos, retain: (flags & RETAIN) !== 0, expiresAt };
  return { kind: 'message', publisher, content: { ...content, relayed: position }, messageId, only };
}
