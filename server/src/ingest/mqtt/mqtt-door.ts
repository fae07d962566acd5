import { type AddressInfo, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Broker, openBroker } from './broker.ts';
import type { DoorConnection, DoorShared } from './connection/door-shared.ts';
import { createDoorTurns } from './connection/door-turns.ts';
import { MqttConnection } from './connection/mqtt-connection.ts';
import type { BrokerStats, MqttClientStats, MqttDoor, MqttDoorHandlers, MqttDoorOptions } from './door-contract.ts';
import { mqttLimits } from './mqtt-limits.ts';
import type { MqttRefusal } from './mqtt-reasons.ts';
import { noBacklog } from './session/message.ts';
import { expiresAt, type Session } from './session/session.ts';

export type {
  MqttClientChoice,
  MqttClientStats,
  MqttDoor,
  MqttDoorHandlers,
  MqttDoorOptions,
  MqttPeer,
  PublishOutcome,
  TopicUse,
} from './door-contract.ts';

const SWEEP_INTERVAL_MS = 250;
const nothing = Buffer.alloc(0);
const emptyBroker: BrokerStats = {
  ...{ sessions: 0, retained: 0, backlogMessages: 0, backlogBytes: 0 },
  dropped: noBacklog().dropped,
  ...{ storeBytes: 0, storeHealthy: true },
};

/**
 * The MQTT door: a broker for 3.1, 3.1.1 and 5 between the clients of each tenant, which hands to the platform what is
 * the platform's. `Identity` is plain data. A client that connects again with the same owner and client identifier takes
 * the place of its older connection.
 */
export function createMqttDoor<Identity>(
  options: MqttDoorOptions,
  handlers: MqttDoorHandlers<Identity>,
): MqttDoor<Identity> {
  const limits = mqttLimits(options);
  const { log, directory, relay, nowMs = Date.now } = options;
  const connections = new Set<DoorConnection<Identity>>();
  const waitingForBytes = new Set<DoorConnection<Identity>>();
  const refused: Partial<Record<MqttRefusal, number>> = {};
  let broker: Broker<Identity> | undefined;
  let sweeper: NodeJS.Timeout | undefined;
  let sweptAt = 0;
  let receivedBytes = 0;
  let allGone: (() => void) | undefined;

  const shared: DoorShared<Identity> = {
    limits,
    handlers,
    log,
    nowMs,
    readsProperties: handlers.readsProperties === true,
    get broker() {
      return started();
    },
    turns: createDoorTurns(),
    received: 0,
    paused: 0,
    inflight: 0,
    inflightBytes: 0,
    assemblyBytes: 0,
    connectionOf: new Map(),
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
    gone(connection) {
      connections.delete(connection);
      waitingForBytes.delete(connection);
      if (connections.size === 0) allGone?.();
    },
  };

  function started(): Broker<Identity> {
    if (broker === undefined) throw new Error('the MQTT door is not started');
    return broker;
  }

  function accept(stream: Duplex, remote: string): void {
    if (sweeper === undefined || connections.size >= limits.maxConnections + limits.maxRefusedConnections) {
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

  function takeOver(session: Session): void {
    shared.connectionOf.get(session)?.disconnect('session-taken-over');
  }

  function sweep(): void {
    const now = performance.now();
    // After a long turn of something else the sockets have not been read yet: nobody is late but this process.
    const late = now - sweptAt > 4 * SWEEP_INTERVAL_MS;
    sweptAt = now;
    broker?.sweep();
    if (late) return;
    for (const connection of connections) connection.sweep(now);
  }

  function dismiss(whom: (identity: Identity) => boolean): void {
    for (const connection of [...connections]) connection.dismiss(whom);
  }

  // Half open, so that what a client sent before its goodbye is handled before the connection ends.
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
    (socket) => accept(socket, `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`),
  );

  return {
    async start() {
      broker = await openBroker({ limits, handlers, directory, log, nowMs, relay, takeOver });
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen({ host: options.host, port: options.port }, () => {
            server.off('error', reject);
            resolve();
          });
        });
      } catch (error) {
        await broker.close();
        throw error;
      }
      server.on('error', (error) => log('error', 'mqtt.listener-failed', { error }));
      sweptAt = performance.now();
      sweeper = setInterval(sweep, SWEEP_INTERVAL_MS);
      const { port } = server.address() as AddressInfo;
      log('info', 'mqtt.listening', { host: options.host, port });
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
      await broker?.close();
    },
    accept,
    *peers() {
      for (const connection of connections) if (connection.connected) yield connection;
    },
    async publish(tenant, topic, payload, { qos = 0, retain = false, expirySeconds } = {}) {
      const expiresAt = expirySeconds === undefined ? Number.POSITIVE_INFINITY : nowMs() + expirySeconds * 1000;
      return started().route(tenant, {
        topic,
        payload: Buffer.from(payload),
        properties: nothing,
        qos,
        retain,
        expiresAt,
      });
    },
    dismiss,
    endSessions({ tenant, name }) {
      broker?.sessions.endAllOf(tenant, name);
      dismiss((identity) => {
        const owner = handlers.ownerOf(identity);
        return owner.tenant === tenant && owner.name === name;
      });
    },
    owners(only) {
      const names = new Map<string, Set<string>>();
      for (const { owner } of started().sessions.all()) {
        if (only !== undefined && owner.tenant !== only) continue;
        const known = names.get(owner.tenant);
        if (known === undefined) names.set(owner.tenant, new Set([owner.name]));
        else known.add(owner.name);
      }
      return [...names].flatMap(([tenant, known]) => [...known].map((name) => ({ tenant, name })));
    },
    stats() {
      const { received, paused, inflight } = shared;
      const counts = {
        connections: connections.size,
        received,
        receivedBytes,
        refused: { ...refused },
        paused,
        inflight,
      };
      return { ...counts, listening: server.listening, ...(broker?.stats() ?? emptyBroker) };
    },
    clients(tenant, { after = 0, limit, fits } = {}) {
      const found: Session[] = [];
      for (const session of started().sessions.all()) {
        const { number, owner } = session;
        if (owner.tenant === tenant && number > after && fits?.(owner) !== false) found.push(session);
      }
      found.sort((a, b) => a.number - b.number);
      return found.slice(0, limit).map((one) => statsOf(one, shared.connectionOf.get(one)?.version));
    },
    client(client) {
      const session = started().sessions.find(client);
      if (session === undefined) return undefined;
      const filters = [...session.subscriptions].map(([filter, { qos }]) => ({ filter, qos }));
      return { ...statsOf(session, shared.connectionOf.get(session)?.version), filters };
    },
    endSession(client) {
      const { sessions } = started();
      const session = sessions.find(client);
      if (session === undefined) return false;
      sessions.endOne(session);
      shared.connectionOf.get(session)?.disconnect('administrative');
      return true;
    },
  };
}

function statsOf(session: Session, version: 4 | 5 | undefined): MqttClientStats {
  const { number, owner, connected, connectedAt, leftAt, subscriptions, deliveries } = session;
  return {
    ...{ number, clientId: owner.clientId, owner: owner.name, connected, version },
    ...{ sinceMs: connected ? connectedAt : leftAt, expiresMs: expiresAt(session), subscriptions: subscriptions.size },
    ...{ queued: deliveries.queued, queuedBytes: deliveries.queuedBytes, inflight: deliveries.inflight },
    dropped: { ...deliveries.dropped },
  };
}
