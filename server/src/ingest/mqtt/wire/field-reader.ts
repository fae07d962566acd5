import { isUtf8 } from 'node:buffer';

/** Reads fields with a length of two bytes in front, one after another; undefined for one that is not as it must be. */
export class FieldReader {
  at: number;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer;
    this.at = at;
  }

  get ended(): boolean {
    return this.at === this.#buffer.length;
  }

  /** A view. */
  bytes(): Buffer | undefined {
    const start = this.at + 2;
    if (start > this.#buffer.length) return undefined;
    const end = start + this.#buffer.readUInt16BE(this.at);
    if (end > this.#buffer.length) return undefined;
    this.at = end;
    return this.#buffer.subarray(start, end);
  }

  /** UTF-8 without NUL, as a view. */
  text(): Buffer | undefined {
    const found = this.bytes();
    return found !== undefined && isUtf8(found) && !found.includes(0) ? found : undefined;
  }
}
