import { type Batch, encodeBatch, topics } from '@luban/contracts';
import { createWalker } from '../sample-walk.ts';
import type { LoadJob, LoadPrepared, Packets } from './load-job.ts';
import { lineRequest, remoteWriteRequest } from './rival-requests.ts';
import { varint } from './varint.ts';

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
      if (job.door === 'http' || job.door === 'mqtt-json') {
        // One reading of the machine: all values have the time of the first.
        batch.time.fill(batch.time[0]!);
        for (const one of batch.series) walker.lastUs[series.indexOf(one)] = batch.time[0]!;
      }
      parts.push(encodeMessage(job, c, m, batch, keys, series));
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

/** One message of connection `c`, whole as it goes to the socket. */
function encodeMessage(
  job: LoadJob,
  c: number,
  m: number,
  batch: Batch,
  keys: readonly string[],
  series: readonly number[],
): Buffer {
  switch (job.door) {
    case 'mqtt':
      return publishPacket(batchTopic, (m % 65_535) + 1, Buffer.from(encodeBatch(batch).buffer));
    case 'mqtt-json':
      return publishPacket(jsonTopic, (m % 65_535) + 1, Buffer.from(reading(batch, keys, series)));
    case 'http':
      return samplesRequest(job, job.accounts[c % job.accounts.length]!.password, reading(batch, keys, series));
    case 'influx-line':
      return lineRequest(job.port, batch);
    case 'remote-write':
      return remoteWriteRequest(job.port, batch);
  }
}

const batchTopic = Buffer.from(topics.batch);
const jsonTopic = Buffer.from(topics.samples);

/** PUBLISH of MQTT 3.1.1 with QoS 1. */
function publishPacket(topic: Buffer, id: number, payload: Buffer): Buffer {
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

/** The JSON of one reading of many properties. */
function reading(batch: Batch, keys: readonly string[], series: readonly number[]): string {
  const sample = {
    time: new Date(batch.time[0]! / 1000).toISOString(),
    values: {} as Record<string, number>,
    simulated: true,
  };
  batch.series.forEach((one, i) => {
    sample.values[keys[series.indexOf(one)]!] = batch.value[i]!;
  });
  return JSON.stringify(sample);
}

/** POST /api/v1/samples. */
function samplesRequest(job: LoadJob, password: string, body: string): Buffer {
  return Buffer.from(
    `POST /api/v1/samples HTTP/1.1\r\nhost: 127.0.0.1:${job.port}\r\nauthorization: Bearer ${password}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
