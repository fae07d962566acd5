import type { Duplex } from 'node:stream';
import type { EncodedPublish } from '../wire/publish-encoder.ts';

/** First bytes of the packets that are an identifier and nothing else. */
export const acknowledgements = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const;
export type Acknowledgement = (typeof acknowledgements)[keyof typeof acknowledgements];

/** A PUBLISH that many may get, with what is this receiver's own. */
interface OwnPublish {
  readonly publish: EncodedPublish;
  readonly messageId: number;
  readonly dup: boolean;
}

const DUP = 0x08;

/**
 * What one connection has to say, gathered over a turn and written at once. A number is a four-byte acknowledgement, its
 * first byte above its identifier, so that a thousand of them are written without a thousand buffers.
 */
export class Outgoing {
  readonly #socket: Duplex;
  readonly #wake: () => void;
  #items: (number | Buffer | OwnPublish)[] = [];
  #bytes = 0;
  /** Of them in pieces of their own. */
  #separateBytes = 0;
  #written: ((ok: boolean) => void)[] | undefined;

  /** `wake` asks for a `flush` at the end of the turn. */
  constructor(socket: Duplex, wake: () => void) {
    this.#socket = socket;
    this.#wake = wake;
  }

  /** Bytes that the client has not taken yet. */
  get unsentBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** `written` is told whether the bytes went to the network; it is not called again. */
  send(bytes: Buffer, written?: (ok: boolean) => void): void {
    this.#items.push(bytes);
    this.#bytes += bytes.length;
    if (written !== undefined) this.#tell(written);
    this.#wake();
  }

  acknowledge(kind: Acknowledgement, messageId: number): void {
    this.#items.push((kind << 16) | messageId);
    this.#bytes += 4;
    this.#wake();
  }

  publish(publish: EncodedPublish, messageId: number, dup: boolean, written?: (ok: boolean) => void): void {
    const plain = publish.idAt === 0 && publish.payload === undefined;
    this.#items.push(plain ? publish.head : { publish, messageId, dup });
    this.#bytes += publish.bytes;
    if (publish.payload !== undefined) this.#separateBytes += publish.payload.length;
    if (written !== undefined) this.#tell(written);
    this.#wake();
  }

  flush(): void {
    if (this.#items.length === 0) return;
    const items = this.#items;
    const written = this.#written;
    this.#items = [];
    this.#written = undefined;
    const gone = this.#socket.destroyed || this.#socket.writableEnded;
    if (gone) {
      this.#bytes = this.#separateBytes = 0;
      for (const done of written ?? []) done(false);
      return;
    }
    const last = this.#write(items);
    this.#bytes = this.#separateBytes = 0;
    if (written === undefined) this.#socket.write(last);
    else {
      this.#socket.write(last, (error) => {
        for (const done of written) done(!error);
      });
    }
  }

  #tell(written: (ok: boolean) => void): void {
    this.#written ??= [];
    this.#written.push(written);
  }

  /** Writes all but the last piece, and returns that. Large payloads are pieces of their own. */
  #write(items: readonly (number | Buffer | OwnPublish)[]): Buffer {
    const copied = Buffer.allocUnsafe(this.#bytes - this.#separateBytes);
    let position = 0;
    let start = 0;
    let last: Buffer | undefined;
    for (const item of items) {
      if (typeof item === 'number') {
        copied[position] = item >> 16;
        copied[position + 1] = 2;
        copied[position + 2] = (item >> 8) & 0xff;
        copied[position + 3] = item & 0xff;
        position += 4;
      } else if (!isPublish(item)) position += item.copy(copied, position);
      else {
        const { publish, messageId, dup } = item;
        publish.head.copy(copied, position);
        if (publish.idAt > 0) copied.writeUInt16BE(messageId, position + publish.idAt);
        if (dup) copied[position]! |= DUP;
        position += publish.head.length;
        if (publish.payload === undefined) continue;
        if (last !== undefined) this.#socket.write(last);
        this.#socket.write(copied.subarray(start, position));
        start = position;
        last = publish.payload;
      }
    }
    if (last === undefined || start < position) {
      if (last !== undefined) this.#socket.write(last);
      last = copied.subarray(start, position);
    }
    return last;
  }
}

function isPublish(item: number | Buffer | OwnPublish): item is OwnPublish {
  return typeof item === 'object' && !(item instanceof Uint8Array);
}
