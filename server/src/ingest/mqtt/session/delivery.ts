import type { MqttRefusal } from '../mqtt-reasons.ts';
import type { Message } from './message.ts';

/** One message on its way to one session. `Group`: a shared subscription, for whoever gives it. */
export interface Delivery<Group = unknown> {
  readonly message: Message;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Identifiers of the subscriptions that asked for it. */
  readonly subscriptionIds: readonly number[];
  /** Given when it is queued, so that it is the same after a restart; 0 for QoS 0. */
  readonly messageId: number;
  /** The shared subscription that it came by. */
  readonly group: Group | undefined;
  /** The store knows of it. */
  readonly stored: boolean;
  /** `released`: the client has said PUBREC. */
  state: 'waiting' | 'sent' | 'released';
  /** It was sent before, on this or another connection. */
  again: boolean;
  /** Told once whether the client has it. */
  done: ((delivered: boolean) => void) | undefined;
}

export type Offer<Group = unknown> = Pick<
  Delivery<Group>,
  'message' | 'qos' | 'retain' | 'subscriptionIds' | 'group'
> & {
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
