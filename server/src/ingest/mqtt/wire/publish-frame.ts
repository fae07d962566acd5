import { isUtf8 } from 'node:buffer';
import type { MqttRefusal } from '../mqtt-reasons.ts';

/** What one PUBLISH packet says; one object is filled again and again, because this is the path of every sample. */
export interface PublishFrame {
  qos: number;
  retain: boolean;
  /** Empty when the packet gives only an alias. */
  topic: string;
  /** 0 when there is none. */
  topicAlias: number;
  /** The topic's place in the connection's cache; -1 for a topic that is not kept. */
  topicSlot: number;
  /** 0 for QoS 0. */
  messageId: number;
  payloadStart: number;
}

export function emptyPublishFrame(): PublishFrame {
  return { qos: 0, retain: false, topic: '', topicAlias: 0, topicSlot: -1, messageId: 0, payloadStart: 0 };
}

const NUL = 0x00;
const HASH = 0x23;
const PLUS = 0x2b;

/** Remembers the topics of one connection: a device repeats a few, and comparing bytes is cheaper than decoding them. */
export class TopicCache<Note> {
  readonly #bytes: (Buffer | undefined)[] = [];
  readonly #texts: string[] = [];
  readonly #notes: (Note | undefined)[] = [];

  /** What the owner has noted of the topic in this slot. */
  note(slot: number): Note | undefined {
    return this.#notes[slot];
  }

  setNote(slot: number, note: Note): void {
    if (slot >= 0) this.#notes[slot] = note;
  }

  /** The topic in `buffer[start..end)`, or why it cannot be one. */
  read(buffer: Buffer, start: number, end: number): { topic: string; slot: number } | MqttRefusal {
    const slot = (end - start + (buffer[end - 1] ?? 0)) & 15;
    const known = this.#bytes[slot];
    if (known !== undefined && sameBytes(known, buffer, start, end)) {
      this.#found.topic = this.#texts[slot]!;
      this.#found.slot = slot;
      return this.#found;
    }
    for (let i = start; i < end; i++) {
      const byte = buffer[i];
      if (byte === NUL) return 'malformed-packet';
      if (byte === HASH || byte === PLUS) return 'topic-invalid';
    }
    const bytes = buffer.subarray(start, end);
    if (!isUtf8(bytes)) return 'malformed-packet';
    const topic = bytes.toString('utf8');
    const kept = bytes.length <= 256;
    if (kept) {
      this.#bytes[slot] = Buffer.from(bytes);
      this.#texts[slot] = topic;
      this.#notes[slot] = undefined;
    }
    this.#found.topic = topic;
    this.#found.slot = kept ? slot : -1;
    return this.#found;
  }

  readonly #found = { topic: '', slot: -1 };
}

function sameBytes(known: Buffer, buffer: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== buffer[start + i]) return false;
  return true;
}

/** Decodes the body of a PUBLISH, `buffer[start..end)` with first byte `header`, into `frame`; says why it cannot. */
export function decodePublish(
  frame: PublishFrame,
  buffer: Buffer,
  header: number,
  start: number,
  end: number,
  version: 4 | 5,
  topics: TopicCache<unknown>,
): MqttRefusal | undefined {
  frame.qos = (header >> 1) & 3;
  frame.retain = (header & 1) === 1;
  if (frame.qos === 3 || (frame.qos === 0 && (header & 8) !== 0)) return 'malformed-packet';
  if (end - start < 2) return 'malformed-packet';
  let position = start + 2 + ((buffer[start]! << 8) | buffer[start + 1]!);
  if (position > end) return 'malformed-packet';
  const read = topics.read(buffer, start + 2, position);
  if (typeof read === 'string') return read;
  frame.topic = read.topic;
  frame.topicSlot = read.slot;
  frame.messageId = 0;
  if (frame.qos > 0) {
    if (end - position < 2) return 'malformed-packet';
    frame.messageId = (buffer[position]! << 8) | buffer[position + 1]!;
    if (frame.messageId === 0) return 'protocol-error';
    position += 2;
  }
  frame.topicAlias = 0;
  if (version === 5) {
    if (position === end) return 'malformed-packet';
    if (buffer[position] === 0) position++;
    else {
      const after = readProperties(frame, buffer, position, end);
      if (typeof after === 'string') return after;
      position = after;
    }
  }
  if (frame.topic === '' && frame.topicAlias === 0) return 'protocol-error';
  frame.payloadStart = position;
  return undefined;
}

/** Length of each PUBLISH property's value: bytes, 's' one length-prefixed field, 'p' two of them. */
const propertyShapes: Readonly<Record<number, 1 | 2 | 4 | 's' | 'p'>> = {
  1: 1,
  2: 4,
  3: 's',
  8: 's',
  9: 's',
  35: 2,
  38: 'p',
};

/** Only the topic alias is used; the others are walked over, so that a broken packet is not taken for a payload. */
function readProperties(frame: PublishFrame, buffer: Buffer, start: number, end: number): number | MqttRefusal {
  let position = start;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    if (position === end || shift > 21) return 'malformed-packet';
    const byte = buffer[position++]!;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const stop = position + length;
  if (stop > end) return 'malformed-packet';
  const seen = new Set<number>();
  while (position < stop) {
    const property = buffer[position++]!;
    const shape = propertyShapes[property];
    // 11 is the subscription identifier, which only a server may send.
    if (shape === undefined) return property === 11 ? 'protocol-error' : 'malformed-packet';
    if (property !== 38 && seen.size === seen.add(property).size) return 'protocol-error';
    const valueStart = position;
    if (typeof shape === 'number') position += shape;
    else {
      for (let fields = shape === 'p' ? 2 : 1; fields > 0; fields--) {
        if (position + 2 > stop) return 'malformed-packet';
        const fieldStart = position + 2;
        position = fieldStart + ((buffer[position]! << 8) | buffer[position + 1]!);
        if (position > stop) return 'malformed-packet';
        if (property !== 9 && !isUtf8(buffer.subarray(fieldStart, position))) return 'malformed-packet';
      }
    }
    if (position > stop) return 'malformed-packet';
    if (property === 1 && buffer[valueStart]! > 1) return 'protocol-error';
    if (property === 35) {
      frame.topicAlias = (buffer[valueStart]! << 8) | buffer[valueStart + 1]!;
      if (frame.topicAlias === 0) return 'topic-alias-invalid';
    }
  }
  return position;
}
