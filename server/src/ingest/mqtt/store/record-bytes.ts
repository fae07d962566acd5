/** Writes one record; grows as needed. Little-endian. */
export class RecordWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(expectedBytes: number) {
    this.#buffer = Buffer.allocUnsafe(expectedBytes);
  }

  u8(value: number): void {
    this.#room(1);
    this.#at = this.#buffer.writeUInt8(value, this.#at);
  }

  u16(value: number): void {
    this.#room(2);
    this.#at = this.#buffer.writeUInt16LE(value, this.#at);
  }

  u32(value: number): void {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }

  f64(value: number): void {
    this.#room(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  bytes(value: Buffer): void {
    this.#room(value.length);
    this.#at += value.copy(this.#buffer, this.#at);
  }

  sized(value: Buffer): void {
    this.u32(value.length);
    this.bytes(value);
  }

  text(value: string): void {
    this.sized(Buffer.from(value));
  }

  done(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + bytes));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}

/** Reads what RecordWriter wrote; throws RangeError past the end. What it returns are copies. */
export class RecordReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer, start: number) {
    this.#buffer = buffer;
    this.#at = start;
  }

  get atEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#pass(1));
  }

  u16(): number {
    return this.#buffer.readUInt16LE(this.#pass(2));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#pass(4));
  }

  f64(): number {
    return this.#buffer.readDoubleLE(this.#pass(8));
  }

  sized(): Buffer {
    const length = this.u32();
    const start = this.#pass(length);
    return Buffer.from(this.#buffer.subarray(start, start + length));
  }

  text(): string {
    return this.sized().toString('utf8');
  }

  rest(): Buffer {
    const start = this.#pass(this.#buffer.length - this.#at);
    return Buffer.from(this.#buffer.subarray(start));
  }

  #pass(bytes: number): number {
    const start = this.#at;
    this.#at += bytes;
    return start;
  }
}
