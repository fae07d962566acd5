import { type AddressInfo, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DoorConnection, DoorShared } from './connection/door-shared.ts';
import { createDoorTurns } from './connection/door-turns.ts';
import { MqttConnection } from './connection/mqtt-connection.ts';
import type { MqttDoor, MqttDoorHandlers, MqttDoorOptions, MqttPeer } from './door-contract.ts';
import { mqttLimits } from './mqtt-limits.ts';
import type { MqttRefusal } from './mqtt-reasons.ts';

export type {
  MqttDoor,
  MqttDoorHandlers,
  MqttDoorOptions,
  MqttPeer,
  PublishOutcome,
  TopicUse,
} from './door-contract.ts';

const SWEEP_INTERVAL_MS = 250;

/**
 * The MQTT door: 3.1.1 and 5, QoS 0 and 1, no sessions, retained messages, wildcards or wills; MQTT 5 clients are told
 * so in CONNACK. `Identity` is plain data. A client that connects again with the same owner and client identifier takes the
 * place of its older connection.
 */
export function createMqttDoor<Identity>(
  options: MqttDoorOptions,
  handlers: MqttDoorHandlers<Identity>,
): MqttDoor<Identity> {
  const limits = mqttLimits(options);
  const connections = new Set<DoorConnection<Identity>>();
  const bySession = new Map<string, MqttPeer<Identity>>();
  const waitingForBytes = new Set<DoorConnection<Identity>>();
  const refused: Partial<Record<MqttRefusal, number>> = {};
  let sweeper: NodeJS.Timeout | undefined;
  let sweptAt = 0;
  let receivedBytes = 0;
  let allGone: (() => void) | undefined;

  const shared: DoorShared<Identity> = {
    limits,
    handlers,
    log: options.log,
    turns: createDoorTurns(),
    received: 0,
    paused: 0,
    inflight: 0,
    inflightBytes: 0,
    assemblyBytes: 0,
    refused(reason) {
      refused[reason] = (refused[reason] ?? 0) + 1;
    },
    waitForBytes(connection) {
      waitingForBytes.add(connection);
    },
    bytesReleased() {
      if (waitingForBytes.size === 0 || shared.inflightBytes >= limits.maxInflightBytes) return;
      const waiting = [...waitingForBytes];
      waitingForBytes.clear();
      for (const connection of waiting) connection.retry();
    },
    admitted(connection) {
      const key = sessionKey(connection);
      bySession.get(key)?.disconnect('session-taken-over');
      bySession.set(key, connection);
    },
    left(connection) {
      const key = sessionKey(connection);
      if (bySession.get(key) === connection) bySession.delete(key);
    },
    gone(connection) {
      connections.delete(connection);
      waitingForBytes.delete(connection);
      if (connections.size === 0) allGone?.();
    },
  };

  function sessionKey({ identity, clientId }: MqttPeer<Identity>): string {
    const { tenant, name } = handlers.ownerOf(identity);
    return JSON.stringify([tenant, name, clientId]);
  }

  function accept(stream: Duplex, remote: string): void {
    if (connections.size >= limits.maxConnections + limits.maxRefusedConnections) {
      shared.refused('server-busy');
      stream.destroy();
      return;
    }
    const connection = new MqttConnection(stream, remote, shared, connections.size >= limits.maxConnections);
    connections.add(connection);
    stream.on('data', (chunk: Buffer) => {
      receivedBytes += chunk.length;
    });
    connection.start();
  }

  function sweep(): void {
    const now = performance.now();
    // After a long turn of something else the sockets have not been read yet: nobody is late but this process.
    const late = now - sweptAt > 4 * SWEEP_INTERVAL_MS;
    sweptAt = now;
    if (late) return;
    for (const connection of connections) connection.sweep(now);
  }

  // Half open, so that what a client sent before its goodbye is handled before the connection ends.
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
    (socket) => accept(socket, `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`),
  );

  return {
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: options.host, port: options.port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
      server.on('error', (error) => options.log('error', 'mqtt.listener-failed', { error }));
      sweptAt = performance.now();
      sweeper = setInterval(sweep, SWEEP_INTERVAL_MS);
      const { port } = server.address() as AddressInfo;
      options.log('info', 'mqtt.listening', { host: options.host, port });
      return { port };
    },
    async stop() {
      if (sweeper === undefined) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const emptied = new Promise<void>((resolve) => {
        allGone = resolve;
      });
      for (const connection of [...connections]) connection.stop();
      const deadline = setTimeout(() => {
        for (const connection of [...connections]) connection.destroy();
      }, limits.stopTimeoutMs);
      if (connections.size > 0) await emptied;
      await closed;
      clearTimeout(deadline);
      clearInterval(sweeper);
      sweeper = undefined;
    },
    accept,
    *peers() {
      for (const connection of connections) if (connection.connected) yield connection;
    },
    stats() {
      const { received, paused, inflight } = shared;
      return {
        listening: server.listening,
        connections: connections.size,
        received,
        receivedBytes,
        refused: { ...refused },
        paused,
        inflight,
      };
    },
  };
}
