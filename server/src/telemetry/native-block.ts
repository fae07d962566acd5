const encoder = new TextEncoder();

/** A column of a Native block; `type` as ClickHouse spells it. `micros` and `millis` are times since 1970 UTC. */
export type NativeColumn =
  | { readonly name: string; readonly kind: 'u8'; readonly data: Uint8Array }
  | { readonly name: string; readonly kind: 'u16'; readonly data: Uint16Array }
  | { readonly name: string; readonly kind: 'u32'; readonly data: Uint32Array }
  | { readonly name: string; readonly kind: 'f64'; readonly data: Float64Array }
  | { readonly name: string; readonly kind: 'i64'; readonly data: Float64Array }
  | { readonly name: string; readonly kind: 'micros'; readonly data: Float64Array }
  | { readonly name: string; readonly kind: 'millis'; readonly data: Float64Array }
  | {
      readonly name: string;
      readonly kind: 'text' /** Row → text; rows without one are empty. */;
      readonly data: ReadonlyMap<number, string>;
    };

const typeOf = {
  u8: 'UInt8',
  u16: 'UInt16',
  u32: 'UInt32',
  f64: 'Float64',
  i64: 'Int64',
  micros: "DateTime64(6, 'UTC')",
  millis: "DateTime64(3, 'UTC')",
  text: 'String',
} as const;
const widthOf = { u8: 1, u16: 2, u32: 4, f64: 8, i64: 8, micros: 8, millis: 8 } as const;

/**
 * Columns of `rows` values each → one block of ClickHouse's Native format: counts as varints, then each column with
 * its name, its type and its values, little-endian as this machine's arrays are (Node runs on no other).
 */
export function encodeNativeBlock(rows: number, columns: readonly NativeColumn[]): Uint8Array {
  const texts = columns.map((column) => (column.kind === 'text' ? encodeTexts(rows, column.data) : undefined));
  let size = 20;
  columns.forEach((column, i) => {
    size += 4 + column.name.length + typeOf[column.kind].length;
    size += column.kind === 'text' ? texts[i]!.length : rows * widthOf[column.kind];
  });
  const bytes = new Uint8Array(size);
  let at = putVarint(bytes, putVarint(bytes, 0, columns.length), rows);
  columns.forEach((column, i) => {
    at = putText(bytes, at, column.name);
    at = putText(bytes, at, typeOf[column.kind]);
    switch (column.kind) {
      case 'text':
        bytes.set(texts[i]!, at);
        at += texts[i]!.length;
        break;
      case 'i64':
      case 'micros':
        at = putWholeNumbers(bytes, at, column.data, rows, 1);
        break;
      case 'millis':
        at = putWholeNumbers(bytes, at, column.data, rows, 1000);
        break;
      default: {
        const raw = new Uint8Array(column.data.buffer, column.data.byteOffset, rows * widthOf[column.kind]);
        bytes.set(raw, at);
        at += raw.length;
      }
    }
  });
  return bytes.subarray(0, at);
}

/** Whole numbers within ±2⁵³ as 64-bit integers: two 32-bit halves are exact. Times are cut to units of `unitUs`. */
function putWholeNumbers(bytes: Uint8Array, at: number, data: Float64Array, rows: number, unitUs: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, rows * 8);
  for (let i = 0; i < rows; i++) {
    const value = unitUs === 1 ? data[i]! : Math.floor(data[i]! / unitUs);
    view.setUint32(8 * i, value, true); // modulo 2³²
    view.setInt32(8 * i + 4, Math.floor(value / 4_294_967_296), true);
  }
  return at + rows * 8;
}

/** Most rows carry no text: one zero byte each. Texts repeat, a state for hours: each is encoded once a block. */
function encodeTexts(rows: number, data: ReadonlyMap<number, string>): Uint8Array {
  if (data.size === 0) return new Uint8Array(rows);
  const known = new Map<string, Uint8Array>();
  const encoded = new Array<Uint8Array | undefined>(rows).fill(undefined);
  let size = rows;
  for (const [row, text] of data) {
    let utf8 = known.get(text);
    if (utf8 === undefined) {
      utf8 = encoder.encode(text);
      known.set(text, utf8);
    }
    encoded[row] = utf8;
    size += utf8.length + 4;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const utf8 = encoded[row];
    if (utf8 === undefined) {
      at++; // the zero that is there
      continue;
    }
    at = putVarint(bytes, at, utf8.length);
    // A call for a few bytes costs more than the bytes.
    if (utf8.length > 64) bytes.set(utf8, at);
    else for (let i = 0; i < utf8.length; i++) bytes[at + i] = utf8[i]!;
    at += utf8.length;
  }
  return bytes.subarray(0, at);
}

function putText(bytes: Uint8Array, at: number, ascii: string): number {
  const start = putVarint(bytes, at, ascii.length);
  return start + encoder.encodeInto(ascii, bytes.subarray(start)).written;
}

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[end++] = (rest & 0x7f) | 0x80;
  bytes[end++] = rest;
  return end;
}
