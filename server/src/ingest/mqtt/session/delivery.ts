import type { MqttRefusal } from '../mqtt-reasons.ts';
import type { SharedGroup } from '../routing/subscription-tree.ts';
import type { Message } from './message.ts';

/** One message on its way to one session. */
export interface Delivery {
  readonly message: Message;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Identifiers of the subscriptions that asked for it. */
  readonly subscriptionIds: readonly number[];
  /** Given when it is queued, so that it is the same after a restart; 0 for QoS 0. */
  readonly messageId: number;
  /** The shared subscription that it came by. */
  readonly group: SharedGroup | undefined;
  /** The store knows of it. */
  readonly stored: boolean;
  /** `released`: the client has said PUBREC. */
  state: 'waiting' | 'sent' | 'released';
  /** It was sent before, on this or another connection. */
  again: boolean;
  /** Told once whether the client has it. */
  done: ((delivered: boolean) => void) | undefined;
}

export type Offer = Pick<Delivery, 'message' | 'qos' | 'retain' | 'subscriptionIds' | 'group'> & {
  readonly done?: (delivered: boolean) => void;
};

/** A connection as the session sees it. */
export interface SessionLink {
  /** Most QoS 1 and 2 messages that are unacknowledged at a time. */
  readonly window: number;
  /** Nothing more should be given: the client does not read what is there. `pump` is called when that is over. */
  readonly blocked: boolean;
  /** False when the message is larger than the client takes. `secondsLeft` is -1 without expiry. */
  publish(delivery: Delivery, secondsLeft: number): boolean;
  /** PUBREL. */
  release(messageId: number): void;
  close(reason: MqttRefusal, detail?: string): void;
}

/** What the deliveries tell the store. */
export interface DeliveryLedger {
  /** The client has it, or it was given up. */
  done(messageId: number): void;
  /** Resolves when it is durable that the client said PUBREC. */
  released(messageId: number): Promise<void>;
}

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

/** Counted since the session began. */
export interface DroppedMessages {
  /** No room: the newest was not queued. */
  full: number;
  /** QoS 0 given up for a slow or absent client. */
  qos0: number;
  expired: number;
  /** Larger than the client takes. */
  tooLarge: number;
}
