import { type Cause, topics } from '@luban/contracts';
import mqtt, { type MqttClient } from 'mqtt';
import { edgeCause, messageOf } from '../edge-errors.ts';
import { backOff, pause } from '../pause.ts';
import { type Outcome, publishOutcome } from './outcome.ts';

/** A living connection to the platform. After it has ended every `send` is `cut`. */
export interface Connection {
  /** QoS 1; resolves when the platform has answered or the connection has ended. Never rejects. */
  send(topic: string, payload: Buffer): Promise<Outcome>;
  readonly ended: AbortSignal;
  /** How many messages may wait for their acknowledgement. */
  readonly window: number;
}

export interface Uplink {
  start(): void;
  /** The connection, as soon as there is one; null when the signal aborts first. */
  connection(signal: AbortSignal): Promise<Connection | null>;
  /** QoS 0: said if somebody listens, forgotten otherwise. */
  tell(topic: string, payload: string): void;
  state(): { connected: boolean; cause: Cause | null };
  stop(): Promise<void>;
}

/** Reason codes of a refused CONNECT: client id, name or key, not authorised, banned. */
const deniedCodes = new Set<unknown>([0x85, 0x86, 0x87, 0x8a]);
const wantedWindow = 16;
/** The platform may hold an acknowledgement back to slow us down; longer than this and the connection is dead. */
const acknowledgeTimeoutMs = 60_000;
const goodbyeMs = 1000;

/**
 * One MQTT 5 connection at a time, made anew after each end. Nothing is queued here: what was not acknowledged is
 * still in the outbox, and whoever sends asks for the next connection.
 */
export function createUplink(options: {
  /** mqtt://host:port or mqtts://host:port */
  url: string;
  edge: string;
  key: string;
  onConfiguration(payload: Buffer): void;
  event(severity: 'info' | 'warning' | 'error', cause: Cause): void;
}): Uplink {
  const { url, edge, key, onConfiguration, event } = options;
  const stopping = new AbortController();
  let current: { connection: Connection; client: MqttClient } | null = null;
  let cause: Cause | null = edgeCause('uplink.disconnected');
  let running: Promise<void> = Promise.resolve();
  const waiting = new Set<(connection: Connection) => void>();

  async function run(): Promise<void> {
    const wait = backOff(500, 5000);
    while (!stopping.signal.aborted) {
      const opened = await open();
      if (opened.client) {
        wait.reset();
        cause = null;
        event('info', edgeCause('uplink.connected', url));
        cause = edgeCause('uplink.disconnected', await hold(opened.client, opened.window));
        if (!stopping.signal.aborted) event('warning', cause);
      } else if (cause?.code !== opened.cause.code) {
        if (opened.cause.code === 'uplink.not-authorised') event('error', opened.cause);
        cause = opened.cause;
      }
      await pause(wait.next(), stopping.signal);
    }
  }

  type Opened = { client: MqttClient; window: number } | { client: null; cause: Cause };
  function open(): Promise<Opened> {
    return new Promise((resolve) => {
      const client = mqtt.connect(url, {
        protocolVersion: 5,
        clientId: edge,
        username: edge,
        password: key,
        clean: true,
        reconnectPeriod: 0,
        connectTimeout: 10_000,
        keepalive: 15,
        resubscribe: false,
        queueQoSZero: false,
      });
      // MQTT.js listens to itself: take off only what was put on here.
      const release = () => {
        client.off('error', onError);
        client.off('close', onClose);
        stopping.signal.removeEventListener('abort', onAbort);
      };
      const fail = (why: Cause) => {
        release();
        client.on('error', () => undefined); // a late error of a client that was given up says nothing new
        client.end(true);
        resolve({ client: null, cause: why });
      };
      const onAbort = () => fail(edgeCause('edge.stopped'));
      const onClose = () => fail(edgeCause('uplink.disconnected', 'the connection closed'));
      const onError = (error: Error) => {
        const denied = deniedCodes.has((error as { code?: unknown }).code);
        fail(edgeCause(denied ? 'uplink.not-authorised' : 'uplink.disconnected', messageOf(error)));
      };
      client.on('error', onError);
      client.on('close', onClose);
      stopping.signal.addEventListener('abort', onAbort);
      client.on('message', (topic, payload) => {
        if (topic === topics.configuration) onConfiguration(payload);
      });
      client.on('connect', ({ properties }) => {
        release();
        // A window above the platform's own limit would be a protocol error; two places are left for the ledgers.
        const window = Math.max(1, Math.min(wantedWindow, (properties?.receiveMaximum ?? 65_535) - 2));
        resolve({ client, window });
      });
    });
  }

  /** Holds the connection until it ends; resolves with why. */
  function hold(client: MqttClient, window: number): Promise<string> {
    return new Promise((resolve) => {
      const ended = new AbortController();
      const underWay = new Set<() => void>();
      const end = (detail: string) => {
        if (ended.signal.aborted) return;
        current = null;
        ended.abort();
        for (const cut of [...underWay]) cut();
        client.end(true);
        resolve(detail);
      };
      client.on('error', (error) => end(messageOf(error)));
      client.on('close', () => end('the connection closed'));
      client.on('disconnect', (packet) => end(`the platform ended the connection: reason ${packet.reasonCode}`));
      const connection: Connection = { send: (topic, payload) => publish(topic, payload), ended: ended.signal, window };

      function publish(topic: string, payload: Buffer): Promise<Outcome> {
        return new Promise((settle) => {
          if (ended.signal.aborted) return settle({ kind: 'cut' });
          const done = (outcome: Outcome) => {
            clearTimeout(timer);
            underWay.delete(cut);
            settle(outcome);
          };
          const cut = () => done({ kind: 'cut' });
          const timer = setTimeout(() => end(`no acknowledgement in ${acknowledgeTimeoutMs} ms`), acknowledgeTimeoutMs);
          underWay.add(cut);
          client.publish(topic, payload, { qos: 1 }, (error, answer) => done(publishOutcome(error, answer)));
        });
      }

      client.subscribe(topics.configuration, { qos: 1 }, (error) => {
        if (error && !ended.signal.aborted) end(`the configuration cannot be subscribed to: ${error.message}`);
      });
      current = { connection, client };
      for (const give of [...waiting]) give(connection);
    });
  }

  return {
    start() {
      running = run();
    },
    connection(signal) {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve(null);
        if (current) return resolve(current.connection);
        const give = (connection: Connection) => {
          waiting.delete(give);
          signal.removeEventListener('abort', leave);
          resolve(connection);
        };
        const leave = () => {
          waiting.delete(give);
          resolve(null);
        };
        waiting.add(give);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    tell(topic, payload) {
      if (!current) return;
      current.client.publish(topic, payload, { qos: 0 }, (error) => {
        if (error) cause ??= edgeCause('uplink.disconnected', error.message);
      });
    },
    state: () => ({ connected: current !== null, cause }),
    async stop() {
      stopping.abort();
      const ending = current?.client;
      if (ending) {
        // A goodbye waits for what is under way; a platform that answers nothing must not hold the stop up.
        await Promise.race([ending.endAsync(), pause(goodbyeMs, new AbortController().signal)]);
        ending.stream.destroy();
      }
      await running;
    },
  };
}
