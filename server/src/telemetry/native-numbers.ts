/** Numbers of one column. 64-bit integers are within ±2⁵³. */
export type NumberColumn = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const kinds = {
  UInt8: { width: 1, make: (rows: number) => new Uint8Array(rows) },
  UInt16: { width: 2, make: (rows: number) => new Uint16Array(rows) },
  UInt32: { width: 4, make: (rows: number) => new Uint32Array(rows) },
  Float64: { width: 8, make: (rows: number) => new Float64Array(rows) },
  Int64: { width: 8, make: (rows: number) => new Float64Array(rows) },
} as const;
type Kind = keyof typeof kinds;

interface Chunk {
  readonly rows: number;
  readonly columns: { readonly kind: Kind; readonly at: number }[];
}

/**
 * An answer in ClickHouse's Native format, block after block, → its columns, which hold numbers only. Little-endian as
 * this machine's arrays are. An answer without rows may have no columns either.
 */
export function decodeNumbers(bytes: Uint8Array): NumberColumn[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [chunk, end] = readChunk(bytes, at);
    chunks.push(chunk);
    at = end;
  }
  const total = chunks.reduce((sum, { rows }) => sum + rows, 0);
  return (chunks[0]?.columns ?? []).map(({ kind }, i) => {
    const column = kinds[kind].make(total);
    let row = 0;
    for (const { rows, columns } of chunks) {
      const { at } = columns[i]!;
      const raw = bytes.subarray(at, at + rows * kinds[kind].width);
      if (kind === 'Int64') putWholeNumbers(column as Float64Array, row, raw);
      else new Uint8Array(column.buffer).set(raw, row * kinds[kind].width);
      row += rows;
    }
    return column;
  });
}

function readChunk(bytes: Uint8Array, start: number): [Chunk, end: number] {
  const [width, rowsAt] = readVarint(bytes, start);
  const [rows, columnsAt] = readVarint(bytes, rowsAt);
  let at = columnsAt;
  const columns: Chunk['columns'] = [];
  for (let i = 0; i < width; i++) {
    const [, typeAt] = readName(bytes, at);
    const [type, dataAt] = readName(bytes, typeAt);
    if (!Object.hasOwn(kinds, type)) throw new Error(`a column of ${type} among numbers`);
    const kind = type as Kind;
    columns.push({ kind, at: dataAt });
    at = dataAt + rows * kinds[kind].width;
  }
  if (at > bytes.length) throw new Error('a Native block that is cut off');
  return [{ rows, columns }, at];
}

/** The halves of each number are read apart: BigInt is ten times as slow. */
function putWholeNumbers(column: Float64Array, row: number, raw: Uint8Array): void {
  // A copy, which begins where such numbers may begin; `slice` of a Buffer is none.
  const halves = new Int32Array(new Uint8Array(raw).buffer);
  for (let i = 0; i < halves.length; i += 2) column[row + i / 2] = (halves[i]! >>> 0) + halves[i + 1]! * 4_294_967_296;
}

function readName(bytes: Uint8Array, start: number): [name: string, end: number] {
  const [length, at] = readVarint(bytes, start);
  return [String.fromCharCode(...bytes.subarray(at, at + length)), at + length];
}

function readVarint(bytes: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  let scale = 1;
  for (let at = start; at < bytes.length; at++, scale *= 128) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at + 1];
  }
  throw new Error('a Native block that is cut off');
}
