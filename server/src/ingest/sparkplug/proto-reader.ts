/** The payload is not what it should be: the message says where. */
export class SparkplugError extends Error {
  readonly code = 'sparkplug.malformed';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const two32 = 4_294_967_296;

/**
 * Reads protobuf's wire format: knows bytes, not meaning. Throws SparkplugError for whatever runs past its end.
 * `low` and `high` hold the two halves of the last varint: 64 bits do not fit a number.
 */
export class ProtoReader {
  readonly bytes: Buffer;
  readonly #view: DataView;
  at: number;
  end: number;
  low = 0;
  high = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.length;
  }

  /** A field's number and wire type, as they stand: `number << 3 | type`. */
  tag(): number {
    const first = this.at < this.end ? this.bytes[this.at]! : 0x80;
    if (first < 0x80) {
      this.at++;
      return first;
    }
    this.varint();
    if (this.high !== 0) throw new SparkplugError(`byte ${this.at}: a field number is too large`);
    return this.low;
  }

  /** Into `low` and `high`. */
  varint(): void {
    const { bytes, end } = this;
    let { at } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw new SparkplugError(`byte ${at}: ends inside a number`);
      const byte = bytes[at++]!;
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >> 4;
      } else if (shift < 63) high |= part << (shift - 32);
      else high |= part << 31;
      if (byte < 0x80) {
        this.at = at;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new SparkplugError(`byte ${at}: a number of more than ten bytes`);
  }

  /** A whole number from 0 to 2⁵³ − 1: lengths, times, aliases. */
  unsigned(what: string): number {
    const { bytes, at, end } = this;
    // Nearly all are short.
    if (at < end && bytes[at]! < 0x80) {
      this.at++;
      return bytes[at]!;
    }
    this.varint();
    if (this.high >= 0x20_0000) throw new SparkplugError(`byte ${this.at}: ${what} is beyond 2^53`);
    return this.high * two32 + this.low;
  }

  bool(): boolean {
    this.varint();
    return (this.low | this.high) !== 0;
  }

  float(): number {
    if (this.at + 4 > this.end) throw new SparkplugError(`byte ${this.at}: ends inside a float`);
    this.at += 4;
    return this.#view.getFloat32(this.at - 4, true);
  }

  double(): number {
    if (this.at + 8 > this.end) throw new SparkplugError(`byte ${this.at}: ends inside a double`);
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  /** Where a field with a length ends; `at` is then its start. */
  block(): number {
    const length = this.unsigned('a length');
    const end = this.at + length;
    if (end > this.end)
      throw new SparkplugError(`byte ${this.at}: ${length} bytes are said, ${this.end - this.at} are there`);
    return end;
  }

  text(): string {
    const end = this.block();
    const { bytes, at } = this;
    this.at = end;
    for (let i = at; i < end; i++) if (bytes[i]! >= 0x80) return this.#wide(at, end);
    return bytes.toString('latin1', at, end);
  }

  #wide(at: number, end: number): string {
    try {
      return utf8.decode(this.bytes.subarray(at, end));
    } catch (cause) {
      throw new SparkplugError(`byte ${at}: a text is not UTF-8`, { cause });
    }
  }

  /** A view on the payload. */
  raw(): Buffer {
    const end = this.block();
    const found = this.bytes.subarray(this.at, end);
    this.at = end;
    return found;
  }

  /** Passes over a field that this version does not know. */
  skip(tag: number): void {
    const type = tag & 7;
    if (type === 0) this.varint();
    else if (type === 2) this.at = this.block();
    else if (type === 1 || type === 5) {
      this.at += type === 1 ? 8 : 4;
      if (this.at > this.end) throw new SparkplugError(`byte ${this.at}: ends inside a field`);
    } else throw new SparkplugError(`byte ${this.at}: wire type ${type}`);
  }
}
