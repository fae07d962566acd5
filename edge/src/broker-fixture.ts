import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchSample, decodeBatch, type Sample, topics } from '@luban/contracts';
import mqtt, { type MqttClient } from 'mqtt';

/** For tests: Debian's mosquitto on a loopback port, and an independent subscriber that stands for the platform. */
export interface Broker {
  readonly url: string;
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  remove(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export async function createBroker(extra = ''): Promise<Broker> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-broker-'));
  const port = await freePort();
  const file = join(directory, 'mosquitto.conf');
  await writeFile(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n${extra}\n`);
  let child: ReturnType<typeof spawn> | null = null;

  async function kill(): Promise<void> {
    const dying = child;
    child = null;
    if (!dying || dying.exitCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  }

  return {
    url: `mqtt://127.0.0.1:${port}`,
    async start() {
      child = spawn('/usr/sbin/mosquitto', ['-c', file], { stdio: 'ignore' });
      await until(() => answers(port), 'mosquitto listens');
    },
    kill,
    async remove() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function until(what: () => boolean | Promise<boolean>, name: string, timeoutMs = 20_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ${timeoutMs} ms in vain until ${name}`);
}

export interface HeardBatch {
  sequence: number;
  backlog: boolean;
  atMs: number;
  samples: Sample[];
}

/** Hears everything that an edge says, with the time at which it came. */
export async function createListener(url: string) {
  const batches: HeardBatch[] = [];
  const others: { topic: string; content: unknown }[] = [];
  const client: MqttClient = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 100, clientId: 'platform' });
  client.on('message', (topic, payload) => {
    if (topic !== topics.batch) return others.push({ topic, content: JSON.parse(payload.toString('utf8')) });
    const batch = decodeBatch(payload);
    const samples = Array.from({ length: batch.count }, (_, i) => batchSample(batch, i));
    return batches.push({ sequence: batch.sequence, backlog: batch.backlog, atMs: Date.now(), samples });
  });
  let subscribed = 0;
  // QoS 0: the broker hands each message on before it acknowledges it, so what it acknowledged and then was killed is
  // on its way to the listener. With QoS 1 it would queue in the broker's memory.
  client.on('connect', () => client.subscribe('luban/v1/#', { qos: 0 }, () => subscribed++));
  await until(() => subscribed > 0, 'the listener has subscribed');
  return {
    batches,
    others,
    client,
    subscriptions: () => subscribed,
    publish: (topic: string, content: unknown) =>
      client.publishAsync(topic, JSON.stringify(content), { qos: 1, retain: true }),
    close: () => client.endAsync(true),
  };
}
