import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { MqttDoorOptions } from '../door-contract.ts';
import { createMqttDoor, type MqttDoor, type MqttDoorHandlers } from '../mqtt-door.ts';

/** A broker under test that anybody may use for everything. */
export interface TestBroker {
  readonly name: 'luban' | 'mosquitto';
  port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends what the tests have left behind. */
  remove(): Promise<void>;
}

/** Our door with its store in a temporary folder. */
export function lubanBroker(
  options: Partial<MqttDoorOptions> = {},
  handlers: Partial<MqttDoorHandlers<string>> = {},
): TestBroker & { door(): MqttDoor<string> } {
  const directory = mkdtempSync(join(tmpdir(), 'luban-broker-'));
  let door: MqttDoor<string> | undefined;
  return {
    name: 'luban',
    port: 0,
    door: () => door!,
    async start() {
      door = createMqttDoor<string>(
        { host: '127.0.0.1', port: 0, directory, log: () => undefined, ...options },
        {
          authenticate: async ({ username }) => username ?? 'anybody',
          ownerOf: (name) => ({ tenant: name.split('@')[1] ?? 'tenant', name }),
          mayPublish: (_name, topic) => (topic.startsWith('forbidden') ? 'refuse' : 'route'),
          maySubscribe: (_name, filter) => !filter.startsWith('forbidden'),
          publish: () => ({ ok: true }),
          ...handlers,
        },
      );
      ({ port: this.port } = await door.start());
    },
    async stop() {
      await door?.stop();
    },
    async remove() {
      await door?.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The reference: what a user would run otherwise. */
export function mosquittoBroker(): TestBroker {
  const directory = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  let child: ChildProcess | undefined;
  return {
    name: 'mosquitto',
    port: 0,
    async start() {
      if (this.port === 0) this.port = await freePort();
      const configuration = join(directory, 'mosquitto.conf');
      const access = join(directory, 'access');
      writeFileSync(access, 'topic readwrite #\ntopic deny forbidden/#\n');
      writeFileSync(
        configuration,
        [
          ...[`listener ${this.port} 127.0.0.1`, 'allow_anonymous true', `acl_file ${access}`, 'user root'],
          ...['persistence true', `persistence_location ${directory}/`, 'max_topic_alias 10'],
          'max_inflight_messages 0',
        ].join('\n'),
      );
      child = spawn('/usr/sbin/mosquitto', ['-c', configuration], { stdio: 'ignore' });
      await until(() => reachable(this.port));
    },
    async stop() {
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      if (child?.exitCode === null && child.kill('SIGTERM')) await ended;
    },
    async remove() {
      await this.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Defines the same tests for both. */
export function describeBrokers(define: (broker: TestBroker) => void): void {
  describe.each([lubanBroker(), mosquittoBroker()])('$name', (broker) => {
    beforeAll(() => broker.start());
    afterAll(() => broker.remove());
    define(broker);
  });
}

/** A test that Mosquitto is known to fail; `docs/mqtt-conformance.md` says why. */
export function unlikeMosquitto(broker: TestBroker) {
  return broker.name === 'mosquitto' ? test.fails : test;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function until(found: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await found()) return;
    await setTimeout(50);
  }
  throw new Error('mosquitto did not start');
}
