import { isUtf8 } from 'node:buffer';
import type { MqttRefusal } from '../mqtt-reasons.ts';

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
