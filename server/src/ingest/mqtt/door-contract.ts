import type { Duplex } from 'node:stream';
import type { Relay } from '../../log/log.ts';
import type { ChosenLimits } from './mqtt-limits.ts';
import type { MqttRefusal, PublishOutcome } from './mqtt-reasons.ts';
import type { DroppedMessages } from './session/message.ts';

export type { PublishOutcome } from './mqtt-reasons.ts';

/** One connected client. */
export interface MqttPeer<Identity> {
  /** The connection's id, new at each connect. */
  readonly id: string;
  readonly clientId: string;
  readonly identity: Identity;
  readonly remote: string;
  /** 4 is MQTT 3.1.1, which has no word for a refused message. */
  readonly version: 4 | 5;
  /**
   * Sends to this client alone, on a topic that it has subscribed to, at the smaller of `qos` and the QoS subscribed
   * with.
   * Resolves true when written (QoS 0) or acknowledged by the client (QoS 1); false when the client is gone, has not
   * subscribed, refused the message, or takes no packet that large. Never rejects. `payload` must not change before.
   */
  publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<boolean>;
  disconnect(reason: MqttRefusal): void;
}

/**
 * What becomes of a message that a client publishes: `take` hands it to `publish` (the platform's own use of it),
 * `route` gives it to the tenant's clients that have subscribed to its topic, `take-and-route` does both: routed is
 * what `publish` has taken.
 */
export type TopicUse = 'refuse' | 'take' | 'route' | 'take-and-route';

export type MqttLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  event: string,
  fields: Record<string, unknown>,
) => void;

export interface MqttDoorHandlers<Identity> {
  /** Null refuses; a rejection is answered as "unavailable". */
  authenticate(credentials: {
    clientId: string;
    username?: string;
    password?: Buffer;
    remote: string;
    /** The connection itself, for what it knows of the client: a TLS socket has its certificate. */
    stream: Duplex;
  }): Promise<Identity | null>;
  /**
   * Whose the identity is. Topics are a tenant's own, and client identifiers are an owner's own: nobody takes over
   * another's session. `name` is unique in the tenant and the same at each connect.
   */
  ownerOf(identity: Identity): { tenant: string; name: string };
  /** Asked for each topic that a connection publishes to, and remembered for as long as the connection lasts. */
  mayPublish(identity: Identity, topic: string): TopicUse;
  /** Asked at each subscription, without a share's name, and again when a session is resumed. */
  maySubscribe(identity: Identity, topicFilter: string): boolean;
  /**
   * Takes one message: of a client, or its will, which may be after a restart and then comes from a peer that can be
   * told nothing. A QoS 1 message is acknowledged only after `ok`, in the order of arrival. The payload is a view
   * on what was read from the socket: it stays good, may be kept, and must not be written to. A fault counts as
   * `unavailable`. `properties`: those of MQTT 5 as they came, without their length, where `readsProperties` says so.
   */
  publish(
    peer: MqttPeer<Identity>,
    topic: string,
    payload: Buffer,
    properties: Buffer,
  ): PublishOutcome | Promise<PublishOutcome>;
  readonly readsProperties?: boolean;
  /**
   * The subscription was acknowledged, or is one of a session that was resumed; what is published now arrives after
   * the acknowledgement.
   */
  subscribed?(peer: MqttPeer<Identity>, topicFilter: string): void;
  /** Publishes of this peer may still be in flight. */
  closed?(peer: MqttPeer<Identity>, reason: string): void;
}

export interface MqttDoorOptions extends ChosenLimits {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /**
   * Where sessions, their messages and retained messages are kept; without it they end with the process, and what is
   * said to be acknowledged is in memory only.
   */
  readonly directory?: string;
  /** To the other doors of the platform, where there are several. Whoever gives it closes it, after the door has stopped. */
  readonly relay?: Relay | undefined;
  /** Milliseconds since 1970; by default the system's clock. */
  readonly nowMs?: () => number;
  readonly log: MqttLog;
}

/** Of all that is kept for clients. */
export interface BrokerStats {
  readonly sessions: number;
  readonly retained: number;
  /** Messages that wait for anybody or are unacknowledged, each counted once. */
  readonly backlogMessages: number;
  readonly backlogBytes: number;
  /** Messages that a client did not get, since the start. */
  readonly dropped: Readonly<DroppedMessages>;
  readonly storeBytes: number;
  readonly storeHealthy: boolean;
  /** Of the relay to the other doors; undefined without one. */
  readonly relay?: RelayingStats | undefined;
}

export interface RelayingStats extends ReturnType<Relay['stats']> {
  /** Records of all doors that were handed on here, since the start. */
  readonly handedOn: number;
  /** Sessions that came here from other doors, since the start. */
  readonly sessionsTaken: number;
}

/** Which client's session: client identifiers are an owner's own. */
export interface MqttClientName {
  readonly tenant: string;
  readonly name: string;
  readonly clientId: string;
}

/** Which of a tenant's clients: there may be tens of thousands. */
export interface MqttClientChoice {
  /** Only sessions with a larger number. */
  readonly after?: number;
  readonly limit?: number;
  readonly fits?: (client: MqttClientName) => boolean;
}

/** One client's session. */
export interface MqttClientStats {
  /** Older sessions have smaller ones. */
  readonly number: number;
  readonly clientId: string;
  /** `ownerOf(identity).name`. */
  readonly owner: string;
  readonly connected: boolean;
  /** Connected or away since then, milliseconds since 1970. */
  readonly sinceMs: number;
  /** When the session ends; Infinity for never, and while it is connected. */
  readonly expiresMs: number;
  /** Undefined while it is away. */
  readonly version: 4 | 5 | undefined;
  readonly subscriptions: number;
  /** Messages that wait, and bytes of them and of those in flight. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Sent and not acknowledged. */
  readonly inflight: number;
  readonly dropped: Readonly<DroppedMessages>;
}

/** How a message of the platform is published. */
export interface PlatformPublish {
  /** Default 0. */
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  /** Seconds; default for ever. */
  readonly expirySeconds?: number;
}

export interface MqttDoorStats extends BrokerStats {
  readonly listening: boolean;
  readonly connections: number;
  /** Publishes handed on since the start. */
  readonly received: number;
  /** Read from all connections since the start. */
  readonly receivedBytes: number;
  readonly refused: Readonly<Partial<Record<MqttRefusal, number>>>;
  /** Connections not read from at the moment. */
  readonly paused: number;
  /** Publishes handed on and not yet settled. */
  readonly inflight: number;
}

export interface MqttDoor<Identity> {
  /** Rejects with the listen error, or a JournalError when what is kept cannot be read. */
  start(): Promise<{ port: number }>;
  /** Takes nothing new, waits a few seconds for what is in flight, says goodbye. */
  stop(): Promise<void>;
  /**
   * Serves a client on a stream that somebody else has accepted: TLS, WebSocket. It may be half open: what the client
   * sent before its end is still handled. `remote` names the client in log lines.
   */
  accept(stream: Duplex, remote: string): void;
  peers(): Iterable<MqttPeer<Identity>>;
  /** Publishes to the tenant's clients that have subscribed to the topic. Resolves when it is durable where it must be. */
  publish(tenant: string, topic: string, payload: Uint8Array, how?: PlatformPublish): Promise<PublishOutcome>;
  /**
   * Ends the connections of everyone of whom `whom` says so, also of those whose login has begun and is not through:
   * what it found out may be void. Called after what voids it is written.
   */
  dismiss(whom: (identity: Identity) => boolean): void;
  /** Ends all connections, as `dismiss`, and all sessions of somebody who may not come again. */
  endSessions(owner: { tenant: string; name: string }): void;
  /** Whose sessions there are, each once; of one tenant or of all. */
  owners(tenant?: string): { tenant: string; name: string }[];
  stats(): MqttDoorStats;
  /** One tenant's clients, also those that are away; oldest session first. */
  clients(tenant: string, which?: MqttClientChoice): MqttClientStats[];
  /** One client with what it has subscribed to; undefined when there is no such session. */
  client(client: MqttClientName): (MqttClientStats & { filters: { filter: string; qos: number }[] }) | undefined;
  /**
   * Ends one client's session and its connection; the client may come again and begins anew. False when there is no such
   * session.
   */
  endSession(client: MqttClientName): boolean;
}
