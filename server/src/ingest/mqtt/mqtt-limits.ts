/** What goes to one session. */
export interface DeliveryLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxQueuedQos0Messages: number;
  readonly maxQueuedQos0Bytes: number;
  /** Over all sessions, each message counted once. */
  readonly maxBacklogBytes: number;
  /** What a session may hold although that is used up. */
  readonly reservedBytes: number;
}

export interface SessionLimits extends DeliveryLimits {
  /** Kept for clients that are away or may come back; of one tenant. */
  readonly maxStoredSessions: number;
}

export interface RouterLimits {
  /** Of one tenant. */
  readonly maxRetainedMessages: number;
  readonly maxRetainedBytes: number;
}

/** Bounds of what is kept for clients, connected or not. */
export interface BrokerLimits extends SessionLimits, RouterLimits {
  /** Of one session. */
  readonly maxSubscriptions: number;
}

/** Every bound of the door in one place. Bytes and counts unless the name carries a unit. */
export interface MqttLimits extends BrokerLimits {
  /** Largest packet accepted, fixed header included; announced in MQTT 5. */
  readonly maxPacketBytes: number;
  /** Largest first packet: somebody not yet known may not make the door hold more. */
  readonly maxConnectBytes: number;
  readonly maxConnections: number;
  /** Connections above the maximum that are held only to be told "busy"; above that the socket is dropped. */
  readonly maxRefusedConnections: number;
  /** Publishes of one connection handed on and not yet settled; announced in MQTT 5. */
  readonly receiveMaximum: number;
  readonly maxConnectionInflightBytes: number;
  /** Bytes handed on and not yet settled, and bytes of large half-received packets: each, over all connections. */
  readonly maxInflightBytes: number;
  readonly connectTimeoutMs: number;
  readonly topicAliasMaximum: number;
  /** MQTT 5 clients that ask for a longer one are told this; seconds. */
  readonly maxKeepAliveSeconds: number;
  /** Most QoS 1 and 2 messages on their way to one client, whatever it says that it takes. */
  readonly maxUnacknowledged: number;
  /** From here on messages to a client that does not read wait in its session. */
  readonly maxUnsentMessageBytes: number;
  /** Bytes waiting for a client that does not read; more stops reading from it (acks) or disconnects it (publishes). */
  readonly maxUnsentBytes: number;
  readonly maxUnsentPublishes: number;
  /** How long a client may leave the unsent bytes at their maximum. */
  readonly writeTimeoutMs: number;
  /** How long a refused client may take to read the refusal and close. */
  readonly lingerMs: number;
  /** How long `stop` waits for publishes in flight to be settled and acknowledged. */
  readonly stopTimeoutMs: number;
}

/** The bounds that whoever makes the door may choose. */
export interface ChosenLimits {
  /** Default 1 MiB. */
  readonly maxPacketBytes?: number;
  /** Default 10,000. */
  readonly maxConnections?: number;
  /** Publishes in flight on one connection; default 64. */
  readonly receiveMaximum?: number;
  /** Bytes in flight over all connections; default 64 MiB. */
  readonly maxInflightBytes?: number;
  /** From the accepted socket to CONNACK; default 10 s. */
  readonly connectTimeoutMs?: number;
  readonly limits?: Partial<BrokerLimits>;
}

export function mqttLimits(options: ChosenLimits): MqttLimits {
  const maxPacketBytes = options.maxPacketBytes ?? 1024 * 1024;
  const limits: MqttLimits = {
    maxPacketBytes,
    // Five fields of 65,535 bytes: client identifier, the will's topic and payload, user name, password.
    maxConnectBytes: Math.min(maxPacketBytes, 384 * 1024),
    maxConnections: options.maxConnections ?? 10_000,
    maxRefusedConnections: 64,
    receiveMaximum: options.receiveMaximum ?? 64,
    maxConnectionInflightBytes: 4 * maxPacketBytes,
    maxInflightBytes: options.maxInflightBytes ?? 64 * 1024 * 1024,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    topicAliasMaximum: 32,
    maxSubscriptions: 1000,
    maxKeepAliveSeconds: 60,
    maxUnacknowledged: 1000,
    maxUnsentMessageBytes: 256 * 1024,
    maxQueuedMessages: 10_000,
    maxQueuedBytes: 16 * 1024 * 1024,
    maxQueuedQos0Messages: 1000,
    maxQueuedQos0Bytes: 4 * 1024 * 1024,
    maxBacklogBytes: 128 * 1024 * 1024,
    reservedBytes: 64 * 1024,
    maxStoredSessions: 50_000,
    maxRetainedMessages: 100_000,
    maxRetainedBytes: 64 * 1024 * 1024,
    maxUnsentBytes: Math.max(maxPacketBytes, 1024 * 1024),
    maxUnsentPublishes: 1000,
    writeTimeoutMs: 60_000,
    lingerMs: 1000,
    stopTimeoutMs: 3000,
    ...options.limits,
  };
  if (!(maxPacketBytes >= 128 && maxPacketBytes <= 268_435_460)) {
    throw new RangeError('maxPacketBytes must be between 128 and 268435460');
  }
  if (!(limits.receiveMaximum >= 1 && limits.receiveMaximum <= 65_535)) {
    throw new RangeError('receiveMaximum must be between 1 and 65535');
  }
  return limits;
}
