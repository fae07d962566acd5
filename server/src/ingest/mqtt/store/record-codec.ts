import type { Will } from '../session/session.ts';
import type { BrokerRecord, Step, StoredMessage, StoredReceiver, StoredStep } from './broker-record.ts';
import { RecordReader, RecordWriter } from './record-bytes.ts';

/** First byte of a record. With `SNAPSHOT` added it belongs to a snapshot. */
const kinds = {
  session: 1,
  left: 2,
  ended: 3,
  subscribed: 4,
  unsubscribed: 5,
  'will-sent': 6,
  steps: 7,
  message: 8,
  relayed: 9,
  members: 10,
} as const satisfies Record<BrokerRecord['kind'], number>;
const kindNames = new Map<number, BrokerRecord['kind']>(
  Object.entries(kinds).map(([name, code]) => [code, name as BrokerRecord['kind']]),
);
const SNAPSHOT = 0x80;
const SNAPSHOT_BEGIN = 0x40;
const SNAPSHOT_END = 0x41;

const steps: readonly Step[] = ['done', 'released', 'received', 'finished'];
const RETAIN = 4;
const KEEP = 8;
const FROM = 16;
const RELAYED = 32;
const MOVED = 64;
const RELEASED = 8;
const AGAIN = 16;
const SHARED = 32;

export type JournalEntry =
  | { readonly mark: 'snapshot-begin' | 'snapshot-end' }
  | { readonly mark: 'record'; readonly record: BrokerRecord; readonly snapshot: boolean };

export function encodeMark(mark: 'begin' | 'end'): Buffer {
  return Buffer.from([mark === 'begin' ? SNAPSHOT_BEGIN : SNAPSHOT_END]);
}

export function encodeRecord(record: BrokerRecord, snapshot = false): Buffer {
  const first = kinds[record.kind] | (snapshot ? SNAPSHOT : 0);
  if (record.kind === 'message') return encodeMessage(first, record);
  if (record.kind === 'steps') return encodeSteps(first, record.steps);
  const { kind: _, ...rest } = record;
  const plain = record.kind === 'session' ? { ...rest, will: record.will && plainWill(record.will) } : rest;
  const writer = new RecordWriter(256);
  writer.u8(first);
  writer.bytes(Buffer.from(JSON.stringify(plain)));
  return writer.done();
}

/** Throws RangeError for what is no record. */
export function decodeEntry(bytes: Buffer): JournalEntry {
  const first = bytes[0];
  if (first === SNAPSHOT_BEGIN) return { mark: 'snapshot-begin' };
  if (first === SNAPSHOT_END) return { mark: 'snapshot-end' };
  const kind = first === undefined ? undefined : kindNames.get(first & ~SNAPSHOT);
  if (kind === undefined) throw new RangeError(`a broker record of unknown kind ${first}`);
  return { mark: 'record', record: decodeRecord(kind, bytes), snapshot: (first! & SNAPSHOT) !== 0 };
}

function decodeRecord(kind: BrokerRecord['kind'], bytes: Buffer): BrokerRecord {
  if (kind === 'message') return decodeMessage(new RecordReader(bytes, 1));
  if (kind === 'steps') return { kind, steps: decodeSteps(bytes) };
  const plain = JSON.parse(bytes.toString('utf8', 1));
  return { kind, ...plain, ...(kind === 'session' && { will: plain.will ? readWill(plain.will) : undefined }) };
}

interface PlainWill extends Omit<Will, 'content'> {
  readonly topic: string;
  readonly payload: string;
  readonly properties: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

function plainWill({ content: { topic, payload, properties, qos, retain }, ...rest }: Will): PlainWill {
  const bytes = { payload: payload.toString('base64'), properties: properties.toString('base64') };
  return { ...rest, topic, qos, retain, ...bytes };
}

function readWill({ topic, payload, properties, qos, retain, ...rest }: PlainWill): Will {
  const bytes = { payload: Buffer.from(payload, 'base64'), properties: Buffer.from(properties, 'base64') };
  return { ...rest, content: { topic, qos, retain, ...bytes } };
}

const STEP_BYTES = 7;

function encodeSteps(first: number, given: readonly StoredStep[]): Buffer {
  const writer = new RecordWriter(1 + given.length * STEP_BYTES);
  writer.u8(first);
  for (const { session, messageId, step } of given) {
    writer.u32(session);
    writer.u16(messageId);
    writer.u8(steps.indexOf(step));
  }
  return writer.done();
}

function decodeSteps(bytes: Buffer): StoredStep[] {
  const reader = new RecordReader(bytes, 1);
  const found: StoredStep[] = [];
  while (!reader.atEnd) {
    const session = reader.u32();
    const messageId = reader.u16();
    const step = steps[reader.u8()];
    if (step === undefined) throw new RangeError('a broker record with an unknown step');
    found.push({ session, messageId, step });
  }
  return found;
}

function encodeMessage(first: number, message: StoredMessage): Buffer {
  const { tenant, content, keep, from, receivers, insteadOf, moved } = message;
  const { topic, payload, properties, qos, retain, expiresAt, relayed } = content;
  const writer = new RecordWriter(128 + topic.length + payload.length + properties.length + receivers.length * 16);
  writer.u8(first);
  const flags = (retain ? RETAIN : 0) | (keep ? KEEP : 0) | (from ? FROM : 0) | (moved ? MOVED : 0);
  writer.u8(qos | flags | (relayed === undefined ? 0 : RELAYED));
  writer.f64(expiresAt);
  if (relayed !== undefined) writer.f64(relayed);
  writer.text(tenant);
  writer.text(topic);
  writer.sized(properties);
  if (from) writePair(writer, from);
  writer.u16(insteadOf.length);
  for (const pair of insteadOf) writePair(writer, pair);
  writer.u32(receivers.length);
  for (const receiver of receivers) writeReceiver(writer, receiver);
  writer.bytes(payload);
  return writer.done();
}

function writePair(writer: RecordWriter, { session, messageId }: { session: number; messageId: number }): void {
  writer.u32(session);
  writer.u16(messageId);
}

function writeReceiver(writer: RecordWriter, receiver: StoredReceiver): void {
  const { qos, retain, released, again, share, subscriptionIds } = receiver;
  writePair(writer, receiver);
  const flags = (retain ? RETAIN : 0) | (released ? RELEASED : 0) | (again ? AGAIN : 0);
  writer.u8(qos | flags | (share === undefined ? 0 : SHARED));
  writer.u16(subscriptionIds.length);
  for (const id of subscriptionIds) writer.u32(id);
  if (share !== undefined) writer.text(share);
}

function decodeMessage(reader: RecordReader): BrokerRecord {
  const flags = reader.u8();
  const expiresAt = reader.f64();
  const relayed = (flags & RELAYED) === 0 ? undefined : reader.f64();
  const tenant = reader.text();
  const topic = reader.text();
  const properties = reader.sized();
  const from = (flags & FROM) === 0 ? undefined : readPair(reader);
  const insteadOf = Array.from({ length: reader.u16() }, () => readPair(reader));
  const receivers = Array.from({ length: reader.u32() }, () => readReceiver(reader));
  const payload = reader.rest();
  const qos = (flags & 3) as 0 | 1 | 2;
  const content = { topic, payload, properties, qos, retain: (flags & RETAIN) !== 0, expiresAt, relayed };
  const marks = { keep: (flags & KEEP) !== 0, moved: (flags & MOVED) !== 0 };
  return { kind: 'message', tenant, content, ...marks, from, receivers, insteadOf };
}

function readPair(reader: RecordReader): { session: number; messageId: number } {
  const session = reader.u32();
  return { session, messageId: reader.u16() };
}

function readReceiver(reader: RecordReader): StoredReceiver {
  const pair = readPair(reader);
  const flags = reader.u8();
  const subscriptionIds = Array.from({ length: reader.u16() }, () => reader.u32());
  return {
    ...pair,
    qos: (flags & 3) === 2 ? 2 : 1,
    retain: (flags & RETAIN) !== 0,
    released: (flags & RELEASED) !== 0,
    again: (flags & AGAIN) !== 0,
    subscriptionIds,
    share: (flags & SHARED) === 0 ? undefined : reader.text(),
  };
}
