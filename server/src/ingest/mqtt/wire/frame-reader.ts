export type FrameState = 'frame' | 'incomplete' | 'too-large' | 'malformed';

const SMALLEST_ASSEMBLY = 1024;

/**
 * Cuts a byte stream into MQTT packets without looking inside them. A length above the limit is reported from the
 * fixed header alone, before a byte of the body is kept. Bytes handed out are never written again, so a view on them
 * stays good; what spans several reads is gathered in a buffer that doubles, never more than the packet's own length
 * plus one read.
 */
export class FrameReader {
  /** The current packet after `peek() === 'frame'`: `buffer[bodyStart..end)` with first byte `header`. */
  buffer: Buffer = Buffer.alloc(0);
  header = 0;
  start = 0;
  bodyStart = 0;
  end = 0;
  #limit = 0;
  #owned = false;

  /** Bytes of own memory held for a packet that has not arrived whole. */
  get assemblyBytes(): number {
    return this.#owned ? this.buffer.length : 0;
  }

  /** Whole length of the packet that is first in line, as far as `peek` has seen it. */
  get packetBytes(): number {
    return this.end > this.start ? this.end - this.start : 0;
  }

  get unreadBytes(): number {
    return this.#limit - this.start;
  }

  append(chunk: Buffer): void {
    const unread = this.#limit - this.start;
    if (unread === 0) {
      this.buffer = chunk;
      this.start = 0;
      this.#limit = chunk.length;
      this.#owned = false;
      return;
    }
    if (!this.#owned || this.#limit + chunk.length > this.buffer.length) {
      const needed = unread + chunk.length;
      const packet = this.packetBytes;
      const grown = Math.max(needed, Math.min(packet, Math.max(SMALLEST_ASSEMBLY, 2 * needed)));
      const assembly = Buffer.allocUnsafeSlow(grown);
      this.buffer.copy(assembly, 0, this.start, this.#limit);
      this.buffer = assembly;
      this.start = 0;
      this.end = packet;
      this.#limit = unread;
      this.#owned = true;
    }
    chunk.copy(this.buffer, this.#limit);
    this.#limit += chunk.length;
  }

  peek(maxBytes: number): FrameState {
    const available = this.#limit - this.start;
    this.end = 0;
    if (available < 2) return 'incomplete';
    const buffer = this.buffer;
    let position = this.start + 1;
    let length = 0;
    let factor = 1;
    for (;;) {
      if (position === this.#limit) return 'incomplete';
      const byte = buffer[position++]!;
      length += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      if (factor === 0x20_0000) return 'malformed';
      factor *= 0x80;
    }
    const end = position + length;
    if (end - this.start > maxBytes) return 'too-large';
    this.end = end;
    if (end > this.#limit) return 'incomplete';
    this.header = buffer[this.start]!;
    this.bodyStart = position;
    return 'frame';
  }

  /** Passes over the packet that `peek` found. */
  consume(): void {
    this.start = this.end;
    this.end = 0;
    if (this.start === this.#limit) this.discard();
  }

  /** Lets go of everything unread; views that were handed out keep their memory. */
  discard(): void {
    this.start = 0;
    this.end = 0;
    this.#limit = 0;
    this.buffer = nothing;
    this.#owned = false;
  }
}

const nothing = Buffer.alloc(0);
