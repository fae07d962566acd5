import type { Duplex } from 'node:stream';

/**
 * What one connection has to say, gathered over a turn and written at once. A number is the identifier of a positive
 * PUBACK, so that a thousand of them are written without a thousand buffers.
 */
export class Outgoing {
  readonly #socket: Duplex;
  readonly #wake: () => void;
  #items: (number | Buffer)[] = [];
  #bytes = 0;
  #written: ((ok: boolean) => void)[] = [];

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
    if (written !== undefined) this.#written.push(written);
    this.#wake();
  }

  acknowledge(messageId: number): void {
    this.#items.push(messageId);
    this.#bytes += 4;
    this.#wake();
  }

  flush(): void {
    if (this.#items.length === 0) return;
    const bytes = Buffer.allocUnsafe(this.#bytes);
    let position = 0;
    for (const item of this.#items) {
      if (typeof item === 'number') {
        bytes[position] = 0x40;
        bytes[position + 1] = 2;
        bytes[position + 2] = item >> 8;
        bytes[position + 3] = item & 0xff;
        position += 4;
      } else position += item.copy(bytes, position);
    }
    const written = this.#written;
    this.#items = [];
    this.#bytes = 0;
    this.#written = [];
    if (this.#socket.destroyed || this.#socket.writableEnded) for (const done of written) done(false);
    else if (written.length === 0) this.#socket.write(bytes);
    else {
      this.#socket.write(bytes, (error) => {
        for (const done of written) done(!error);
      });
    }
  }
}
