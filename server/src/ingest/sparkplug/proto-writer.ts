const two32 = 4_294_967_296;

/** Writes protobuf's wire format into a buffer that grows. */
export class ProtoWriter {
  #bytes = Buffer.allocUnsafe(256);
  #at = 0;

  /** Whole numbers from 0 to 2⁵³ − 1, and negative ones in two's complement of 64 bits. */
  varint(field: number, value: number): void {
    this.#tag(field, 0);
    this.#halves((value % two32) >>> 0, Math.floor(value / two32) >>> 0);
  }

  long(field: number, low: number, high: number): void {
    this.#tag(field, 0);
    this.#halves(low, high);
  }

  float(field: number, value: number): void {
    this.#tag(field, 5);
    this.#at = this.#room(4).writeFloatLE(value, this.#at);
  }

  double(field: number, value: number): void {
    this.#tag(field, 1);
    this.#at = this.#room(8).writeDoubleLE(value, this.#at);
  }

  text(field: number, value: string): void {
    this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, 2);
    this.#halves(value.length, 0);
    this.#room(value.length).set(value, this.#at);
    this.#at += value.length;
  }

  /** A message within the message. */
  block(field: number, write: (writer: ProtoWriter) => void): void {
    const inner = new ProtoWriter();
    write(inner);
    this.bytes(field, inner.done());
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #tag(field: number, type: number): void {
    this.#halves((field << 3) | type, 0);
  }

  #halves(low: number, high: number): void {
    const bytes = this.#room(10);
    while (high !== 0 || low > 0x7f) {
      bytes[this.#at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[this.#at++] = low;
  }

  #room(more: number): Buffer {
    if (this.#at + more > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + more));
      this.#bytes.copy(grown, 0, 0, this.#at);
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}
