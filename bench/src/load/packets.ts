import { encodeBatch, topics } from '@luban/contracts';
import { createWalker } from '../sample-walk.ts';
import type { LoadJob, LoadPrepared, Packets } from './load-job.ts';

/** Every message of a job as bytes for the socket, for each connection. */
export function encodePackets(job: LoadJob): { packets: Packets[]; prepared: LoadPrepared } {
  const { connections, messages, samplesPerMessage, walk } = job;
  const each = Math.ceil(walk.series.length / connections);
  const packets: Packets[] = [];
  const last: [number, number][] = [];
  const lastSeries: number[] = [];
  for (let c = 0; c < connections; c++) {
    const series = walk.series.slice(c * each, (c + 1) * each);
    const keys = job.keys.slice(c * each, (c + 1) * each);
    const walker = createWalker({ ...walk, series });
    const parts: Buffer[] = [];
    for (let m = 0; m < messages / connections; m++) {
      const batch = walker.next(samplesPerMessage, m);
      if (job.door === 'mqtt') parts.push(publishPacket((m % 65_535) + 1, Buffer.from(encodeBatch(batch).buffer)));
      else {
        // One reading of the machine: all values have the time of the first.
        batch.time.fill(batch.time[0]!);
        parts.push(samplesRequest(job, batch.time[0]!, batch.value, keys));
        walker.lastUs.fill(batch.time[0]!);
      }
      if (m + 1 >= messages / connections) lastSeries.push(batch.series[batch.count - 1]!);
    }
    const starts = new Float64Array(parts.length + 1);
    parts.forEach((part, i) => {
      starts[i + 1] = starts[i]! + part.length;
    });
    packets.push({ bytes: Buffer.concat(parts), starts });
    series.forEach((one, i) => {
      if (walker.lastUs[i]! > 0) last.push([one, walker.lastUs[i]!]);
    });
  }
  const bytes = packets.reduce((sum, { bytes: { length } }) => sum + length, 0);
  return { packets, prepared: { bytes, last, lastSeries } };
}

const topic = Buffer.from(topics.batch);

/** PUBLISH of MQTT 3.1.1 with QoS 1. */
function publishPacket(id: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4 + topic.length);
  head.writeUInt16BE(topic.length, 0);
  topic.copy(head, 2);
  head.writeUInt16BE(id, 2 + topic.length);
  return Buffer.concat([Buffer.from([0x32, ...varint(head.length + payload.length)]), head, payload]);
}

/** CONNECT of MQTT 3.1.1 with a clean session and a keep-alive of ten minutes. */
export function connectPacket(clientId: string, username: string, password: string): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
  };
  const body = Buffer.concat([
    text('MQTT'),
    Buffer.from([4, 0xc2, 0x02, 0x58]),
    text(clientId),
    text(username),
    text(password),
  ]);
  return Buffer.concat([Buffer.from([0x10, ...varint(body.length)]), body]);
}

function varint(length: number): number[] {
  const bytes: number[] = [];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** POST /api/v1/samples with one reading of many properties. */
function samplesRequest(job: LoadJob, timeUs: number, values: Float64Array, keys: readonly string[]): Buffer {
  const sample = { time: new Date(timeUs / 1000).toISOString(), values: {} as Record<string, number>, simulated: true };
  values.forEach((value, i) => {
    sample.values[keys[i]!] = value;
  });
  const body = JSON.stringify(sample);
  return Buffer.from(
    `POST /api/v1/samples HTTP/1.1\r\nhost: 127.0.0.1:${job.port}\r\nauthorization: Bearer ${job.password}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
