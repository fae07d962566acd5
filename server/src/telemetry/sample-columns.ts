import { toDecimals } from './decimal-values.ts';
import { encodeNativeBlock } from './native-block.ts';

/** Rows of the tables `samples` and `latest` as columns that grow. */
export interface SampleColumns {
  rows: number;
  tenant: Uint32Array;
  series: Uint32Array;
  /** µs since 1970 UTC. */
  time: Float64Array;
  value: Float64Array;
  status: Uint16Array;
  /** µs since 1970 UTC, whole milliseconds. */
  arrival: Float64Array;
  /** Row → string or JSON text. */
  texts: Map<number, string>;
}

export function emptyColumns(capacity: number): SampleColumns {
  return {
    rows: 0,
    tenant: new Uint32Array(capacity),
    series: new Uint32Array(capacity),
    time: new Float64Array(capacity),
    value: new Float64Array(capacity),
    status: new Uint16Array(capacity),
    arrival: new Float64Array(capacity),
    texts: new Map(),
  };
}

/** Makes room for at least `rows` rows, doubling. */
export function growColumns(columns: SampleColumns, rows: number): void {
  if (rows <= columns.series.length) return;
  const wider = emptyColumns(Math.max(rows, columns.series.length * 2));
  wider.tenant.set(columns.tenant);
  wider.series.set(columns.series);
  wider.time.set(columns.time);
  wider.value.set(columns.value);
  wider.status.set(columns.status);
  wider.arrival.set(columns.arrival);
  const { tenant, series, time, value, status, arrival } = wider;
  Object.assign(columns, { tenant, series, time, value, status, arrival });
}

/** These rows as columns of their own. */
export function pickRows(columns: SampleColumns, rows: readonly number[]): SampleColumns {
  const picked = emptyColumns(rows.length);
  picked.rows = rows.length;
  rows.forEach((row, i) => {
    picked.tenant[i] = columns.tenant[row]!;
    picked.series[i] = columns.series[row]!;
    picked.time[i] = columns.time[row]!;
    picked.value[i] = columns.value[row]!;
    picked.status[i] = columns.status[row]!;
    picked.arrival[i] = columns.arrival[row]!;
    const text = columns.texts.get(row);
    if (text !== undefined) picked.texts.set(i, text);
  });
  return picked;
}

/** The bytes of an insert; columns in the order of the tables. */
export function encodeColumns(columns: SampleColumns): Uint8Array {
  const { decimal, scale, binary } = toDecimals(columns.series, columns.value, columns.rows);
  return encodeNativeBlock(columns.rows, [
    { name: 'tenant', kind: 'u32', data: columns.tenant },
    { name: 'series', kind: 'u32', data: columns.series },
    { name: 'time', kind: 'micros', data: columns.time },
    { name: 'decimal', kind: 'i64', data: decimal },
    { name: 'scale', kind: 'u8', data: scale },
    { name: 'binary', kind: 'f64', data: binary },
    { name: 'text', kind: 'text', data: columns.texts },
    { name: 'status', kind: 'u16', data: columns.status },
    { name: 'arrival', kind: 'millis', data: columns.arrival },
  ]);
}
