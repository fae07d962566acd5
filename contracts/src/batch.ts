import { BatchError } from './batch-error.ts';
import { isQualityCode } from './quality.ts';
import {
  isStatus,
  type Json,
  packStatus,
  type Sample,
  type SampleValue,
  type Series,
  type Status,
  statusKind,
  statusQuality,
  statusSimulated,
  type ValueKind,
} from './sample.ts';

/**
 * The uplink's batch, version 1: columns, little-endian, documented for device makers in `docs/batch-format.md`.
 *
 *   0  u8   'L' (0x4c)
 *   1  u8   version (1)
 *   2  u8   flags: 1 backlog, 2 one status for all, 4 wide times
 *   3  u8   0
 *   4  u32  count n, 1 … 65,536
 *   8  i64  base time, µs since 1970 UTC
 *  16  f64  sequence: the sender's own number of this batch
 *  24  u32  bytes of the text table
 *  28       series u32 × n · time − base: i32 µs × n (wide: f64 × n) · value f64 × n · status u16 × n (or × 1)
 *           · text table: UTF-8, each text with a u32 length before it
 *
 * A boolean's value is 0 or 1; a string's or JSON's is its index in the text table; of `none` it is 0.
 */
export const batchVersion = 1;
export const maxBatchSamples = 65_536;
/** Samples may share a text; written out one by one they hold at most so many characters. */
export const maxBatchTextLength = 8 << 20;
const magic = 0x4c;
const headerBytes = 28;
const flagBacklog = 1;
const flagOneStatus = 2;
const flagWideTimes = 4;

/** A batch in memory: columns of equal length; `texts` holds the strings and JSON texts that `value` points into. */
export interface Batch {
  readonly count: number;
  readonly sequence: number;
  /** True when these are stored samples that drain behind the live ones. */
  readonly backlog: boolean;
  readonly series: Uint32Array;
  /** µs since 1970 UTC. */
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint16Array;
  readonly texts: readonly string[];
}

/** Samples → columns. Order is kept. */
export function toBatch(samples: readonly Sample[], sequence = 0, backlog = false): Batch {
  const count = samples.length;
  const series = new Uint32Array(count);
  const time = new Float64Array(count);
  const value = new Float64Array(count);
  const status = new Uint16Array(count);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const sample = samples[i]!;
    const kind = kindOf(sample.value);
    series[i] = sample.series;
    time[i] = sample.time;
    status[i] = packStatus(sample.quality, sample.simulated, kind);
    if (kind === 'number' || kind === 'boolean') value[i] = Number(sample.value);
    else if (kind !== 'none') {
      value[i] = texts.length;
      texts.push(kind === 'string' ? (sample.value as string) : JSON.stringify(sample.value));
    }
  }
  return { count, sequence, backlog, series, time, value, status, texts };
}

export function kindOf(value: SampleValue): ValueKind {
  if (value === null) return 'none';
  const type = typeof value;
  return type === 'number' || type === 'boolean' || type === 'string' ? type : 'json';
}

/** The value of sample `i` in the form that people and rules use. */
export function batchValue(batch: Batch, i: number): SampleValue {
  const value = batch.value[i]!;
  switch (statusKind(batch.status[i]!)) {
    case 'number':
      return value;
    case 'boolean':
      return value !== 0;
    case 'string':
      return batch.texts[value]!;
    case 'json':
      return JSON.parse(batch.texts[value]!) as Json;
    case 'none':
      return null;
  }
}

export function batchSample(batch: Batch, i: number): Sample {
  const status = batch.status[i]!;
  return {
    series: batch.series[i]! as Series,
    time: batch.time[i]!,
    value: batchValue(batch, i),
    quality: statusQuality(status),
    simulated: statusSimulated(status),
  };
}

export function encodeBatch(batch: Batch): Uint8Array {
  return encodeInto(batch, (size) => new Uint8Array(size));
}

/** The same for who hands on one batch after another: what it returns for a small one is overwritten by the next. */
export function createBatchWriter(): (batch: Batch) => Uint8Array {
  const ready = new Uint8Array(64 * 1024);
  return (batch) => encodeInto(batch, (size) => (size > ready.length ? new Uint8Array(size) : ready.subarray(0, size)));
}

function encodeInto(batch: Batch, bytesOf: (size: number) => Uint8Array): Uint8Array {
  const { count } = batch;
  if (count < 1 || count > maxBatchSamples)
    throw new BatchError(
      `a batch holds 1 to ${maxBatchSamples} samples, not ${count}`,
      `一批须有 1 到 ${maxBatchSamples} 个样本，而不是 ${count} 个`,
    );
  const { series, time, value, status } = batch;
  const base = time[0]!;
  if (!Number.isSafeInteger(base))
    throw new BatchError(`sample 0: time ${base} is not whole µs`, `样本 0：时间 ${base} 不是整微秒`);
  let wide = false;
  let oneStatus = true;
  for (let i = 1; i < count; i++) {
    if (Math.abs(time[i]! - base) > 0x7fff_ffff) wide = true;
    if (status[i] !== status[0]) oneStatus = false;
  }
  const texts = encodeTexts(batch.texts);
  const timeBytes = wide ? 8 : 4;
  const statusCount = oneStatus ? 1 : count;
  const bytes = bytesOf(headerBytes + count * (4 + timeBytes + 8) + statusCount * 2 + texts.length);
  const view = viewOf(bytes);
  const start = bytes.byteOffset;
  bytes[0] = magic;
  bytes[1] = batchVersion;
  bytes[2] = (batch.backlog ? flagBacklog : 0) | (oneStatus ? flagOneStatus : 0) | (wide ? flagWideTimes : 0);
  bytes[3] = 0;
  view.setUint32(start + 4, count, true);
  view.setUint32(start + 8, base, true); // modulo 2³²
  view.setInt32(start + 12, Math.floor(base / 0x1_0000_0000), true);
  view.setFloat64(start + 16, batch.sequence, true);
  view.setUint32(start + 24, texts.length, true);
  let at = start + headerBytes;
  for (let i = 0; i < count; i++, at += 4) view.setUint32(at, series[i]!, true);
  if (wide) for (let i = 0; i < count; i++, at += 8) view.setFloat64(at, time[i]! - base, true);
  else for (let i = 0; i < count; i++, at += 4) view.setInt32(at, time[i]! - base, true);
  for (let i = 0; i < count; i++, at += 8) view.setFloat64(at, value[i]!, true);
  for (let i = 0; i < statusCount; i++, at += 2) view.setUint16(at, status[i]!, true);
  if (texts.length > 0) bytes.set(texts, at - start);
  return bytes;
}

/**
 * Bytes → columns, everything checked: lengths, statuses, finite numbers, text indexes, times between 1970 and 2255.
 * Throws BatchError with the place of the first fault. The result does not share memory with `bytes`.
 */
export function decodeBatch(bytes: Uint8Array): Batch {
  return decodeInto(bytes, emptyColumns);
}

/** Up to this many samples a reader has columns ready for each count. */
const smallCount = 16;

/**
 * The same for who looks at one batch after another and keeps none: what it returns is overwritten by the next. Making
 * columns would cost more than filling them, and memory outside of the heap that only a collection gives back.
 */
export function createBatchReader(): (bytes: Uint8Array) => Batch {
  const small: Columns[] = [];
  /** Of the newest larger batch: most are as large as the one before. */
  let large = emptyColumns(0);
  const columnsOf = (count: number) => {
    if (count > smallCount) {
      if (large.series.length !== count) large = emptyColumns(count);
      return large;
    }
    small[count] ??= emptyColumns(count);
    return small[count]!;
  };
  return (bytes) => decodeInto(bytes, columnsOf);
}

function decodeInto(bytes: Uint8Array, columnsOf: (count: number) => Columns): Batch {
  if (bytes.length < headerBytes)
    throw new BatchError(
      `a batch has at least ${headerBytes} bytes, this one ${bytes.length}`,
      `一批至少 ${headerBytes} 字节，这一批只有 ${bytes.length} 字节`,
    );
  if (bytes[0] !== magic)
    throw new BatchError('not a Luban batch: the first byte must be 0x4c', '不是鲁班批格式：首字节须为 0x4c');
  if (bytes[1] !== batchVersion)
    throw new BatchError(
      `batch version ${bytes[1]}; this platform reads version ${batchVersion}`,
      `批格式版本为 ${bytes[1]}，本平台读取版本 ${batchVersion}`,
    );
  const view = viewOf(bytes);
  const start = bytes.byteOffset;
  const flags = bytes[2]!;
  if (flags > 7 || bytes[3] !== 0) throw new BatchError('unknown flags', '标志位无法识别');
  const count = view.getUint32(start + 4, true);
  if (count < 1 || count > maxBatchSamples)
    throw new BatchError(
      `a batch holds 1 to ${maxBatchSamples} samples, not ${count}`,
      `一批须有 1 到 ${maxBatchSamples} 个样本，而不是 ${count} 个`,
    );
  const base = view.getUint32(start + 8, true) + view.getInt32(start + 12, true) * 0x1_0000_0000;
  const textBytes = view.getUint32(start + 24, true);
  const wide = (flags & flagWideTimes) !== 0;
  const statusCount = flags & flagOneStatus ? 1 : count;
  const textStart = headerBytes + count * (wide ? 20 : 16) + statusCount * 2;
  if (bytes.length !== textStart + textBytes)
    throw new BatchError(
      `${count} samples need ${textStart + textBytes} bytes, the batch has ${bytes.length}`,
      `${count} 个样本需要 ${textStart + textBytes} 字节，这一批有 ${bytes.length} 字节`,
    );
  const columns = columnsOf(count);
  readColumns(columns, view, start + headerBytes, count, base, wide, statusCount);
  const texts = textBytes === 0 ? noTexts : decodeTexts(bytes.subarray(textStart));
  checkColumns(columns, count, texts, statusCount);
  const { series, time, value, status } = columns;
  const sequence = view.getFloat64(start + 16, true);
  return { count, sequence, backlog: (flags & flagBacklog) !== 0, series, time, value, status, texts };
}

const noTexts: readonly string[] = [];
let lastView: DataView = new DataView(new ArrayBuffer(0));

/** A view of all that `bytes` is a part of: batches lie side by side in what came from a socket or lies in the log. */
function viewOf({ buffer }: Uint8Array): DataView {
  if (lastView.buffer !== buffer) lastView = new DataView(buffer);
  return lastView;
}

type Columns = Pick<Batch, 'series' | 'time' | 'value' | 'status'>;

function readColumns(
  { series, time, value, status }: Columns,
  view: DataView,
  start: number,
  count: number,
  base: number,
  wide: boolean,
  statusCount: number,
): void {
  let at = start;
  for (let i = 0; i < count; i++, at += 4) series[i] = view.getUint32(at, true);
  if (wide) for (let i = 0; i < count; i++, at += 8) time[i] = base + view.getFloat64(at, true);
  else for (let i = 0; i < count; i++, at += 4) time[i] = base + view.getInt32(at, true);
  for (let i = 0; i < count; i++, at += 8) value[i] = view.getFloat64(at, true);
  if (statusCount === 1) fillStatus(status, view.getUint16(at, true));
  else for (let i = 0; i < count; i++, at += 2) status[i] = view.getUint16(at, true);
}

/** The built-in costs more than a few assignments. */
function fillStatus(status: Uint16Array, one: number): void {
  if (status.length > smallCount) status.fill(one);
  else for (let i = 0; i < status.length; i++) status[i] = one;
}

/** Small columns lie in the JavaScript heap; of larger ones each allocation costs, so that they share one. */
function emptyColumns(count: number): Columns {
  if (count <= 8)
    return {
      series: new Uint32Array(count),
      time: new Float64Array(count),
      value: new Float64Array(count),
      status: new Uint16Array(count),
    };
  const buffer = new ArrayBuffer(count * 22);
  return {
    time: new Float64Array(buffer, 0, count),
    value: new Float64Array(buffer, count * 8, count),
    series: new Uint32Array(buffer, count * 16, count),
    status: new Uint16Array(buffer, count * 20, count),
  };
}

const maxMicros = 9_007_199_254_740_991;

function checkColumns(
  { series, time, value, status }: Columns,
  count: number,
  texts: readonly string[],
  statusCount: number,
) {
  for (let i = 0; i < statusCount; i++)
    if (!isStatus(status[i]!))
      throw new BatchError(`sample ${i}: unknown status ${status[i]}`, `样本 ${i}：状态 ${status[i]} 无法识别`);
  let parsed: Set<number> | undefined;
  let textLength = 0;
  for (let i = 0; i < count; i++) {
    if (series[i] === 0) throw new BatchError(`sample ${i}: series 0`, `样本 ${i}：序号为 0`);
    const at = time[i]!;
    if (!(at >= 0 && at <= maxMicros) || Math.floor(at) !== at)
      throw new BatchError(
        `sample ${i}: time ${at} is not whole µs between 1970 and 2255`,
        `样本 ${i}：时间 ${at} 不是 1970 至 2255 年间的整微秒`,
      );
    const number = value[i]!;
    // x − x is 0 for every finite number only: one test for NaN and both infinities.
    if (number - number !== 0)
      throw new BatchError(`sample ${i}: the value is not a finite number`, `样本 ${i}：值不是有限的数`);
    const kind = status[i]! >> 9;
    if (kind === 0) continue;
    parsed ??= new Set();
    textLength += checkKind(i, status[i]!, number, texts, parsed);
    if (textLength > maxBatchTextLength)
      throw new BatchError(
        `the texts of all samples are longer than ${maxBatchTextLength} characters`,
        `全部样本的文本超过 ${maxBatchTextLength} 个字符`,
      );
  }
}

/** Returns the length of the sample's text. `parsed`: the texts that are known to be JSON. */
function checkKind(i: number, status: Status, number: number, texts: readonly string[], parsed: Set<number>): number {
  const kind = statusKind(status);
  if (kind === 'boolean' && number !== 0 && number !== 1)
    throw new BatchError(
      `sample ${i}: a boolean is 0 or 1, not ${number}`,
      `样本 ${i}：布尔值须为 0 或 1，而不是 ${number}`,
    );
  if (kind === 'none' && (number !== 0 || statusQuality(status) < 0x80 || !isQualityCode(statusQuality(status))))
    throw new BatchError(`sample ${i}: a missing value needs a bad quality`, `样本 ${i}：空值须带坏质量`);
  if (kind === 'string' || kind === 'json') {
    if (!(number >= 0 && number < texts.length) || number % 1 !== 0)
      throw new BatchError(
        `sample ${i}: text ${number} of ${texts.length}`,
        `样本 ${i}：引用文本 ${number}，而文本共 ${texts.length} 个`,
      );
    if (kind === 'json' && !parsed.has(number)) {
      try {
        JSON.parse(texts[number]!);
      } catch (cause) {
        throw new BatchError(`sample ${i}: its JSON does not parse`, `样本 ${i}：JSON 无法解析`, { cause });
      }
      parsed.add(number);
    }
    return texts[number]!.length;
  }
  return 0;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const noBytes = new Uint8Array(0);

function encodeTexts(texts: readonly string[]): Uint8Array {
  if (texts.length === 0) return noBytes;
  const encoded = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(encoded.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const text of encoded) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return bytes;
}

function decodeTexts(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw new BatchError('the text table ends inside a length', '文本表在长度字段中途结束');
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length)
      throw new BatchError('a text runs past the end of the batch', '有文本超出这一批的末尾');
    try {
      texts.push(decoder.decode(bytes.subarray(at + 4, at + 4 + length)));
    } catch (cause) {
      throw new BatchError(`text ${texts.length} is not UTF-8`, `文本 ${texts.length} 不是 UTF-8`, { cause });
    }
    at += 4 + length;
  }
  return texts;
}
