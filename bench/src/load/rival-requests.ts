import type { Batch } from '@luban/contracts';
import { varint } from './varint.ts';

/** What the rivals call the database and the measurement or metric of all samples. */
export const rivalDatabase = 'bench';
export const rivalMetric = 'points';

/** InfluxDB's line protocol, one line a sample, milliseconds. */
export function lineRequest(port: number, batch: Batch): Buffer {
  const lines: string[] = [];
  for (let i = 0; i < batch.count; i++)
    lines.push(`${rivalMetric},point=${batch.series[i]} value=${batch.value[i]} ${batch.time[i]! / 1000}`);
  const body = Buffer.from(lines.join('\n'));
  return post(port, `/write?db=${rivalDatabase}&precision=ms`, '', body);
}

/** Prometheus' remote write: protobuf, a series once with all its samples, in Snappy's block format. */
export function remoteWriteRequest(port: number, batch: Batch): Buffer {
  const bySeries = new Map<number, Buffer[]>();
  for (let i = 0; i < batch.count; i++) {
    const value = Buffer.alloc(9);
    value[0] = 0x09;
    value.writeDoubleLE(batch.value[i]!, 1);
    const sample = Buffer.concat([value, Buffer.from([0x10, ...varint(batch.time[i]! / 1000)])]);
    const of = bySeries.get(batch.series[i]!) ?? [field(1, label('__name__', rivalMetric))];
    if (of.length === 1) of.push(field(1, label('point', String(batch.series[i]))));
    of.push(field(2, sample));
    bySeries.set(batch.series[i]!, of);
  }
  const body = snappyLiterals(Buffer.concat([...bySeries.values()].map((parts) => field(1, Buffer.concat(parts)))));
  const headers = 'content-encoding: snappy\r\ncontent-type: application/x-protobuf\r\n';
  return post(port, '/api/v1/write', headers, body);
}

function post(port: number, path: string, headers: string, body: Buffer): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${headers}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function label(name: string, value: string): Buffer {
  return Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))]);
}

/** A protobuf field of bytes. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
}

/** Literals only: the receiver copies them, which is the least work that the format allows. */
function snappyLiterals(bytes: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from(varint(bytes.length))];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const part = bytes.subarray(at, at + 65_536);
    parts.push(Buffer.from([61 << 2, (part.length - 1) & 0xff, (part.length - 1) >> 8]), part);
  }
  return Buffer.concat(parts);
}
