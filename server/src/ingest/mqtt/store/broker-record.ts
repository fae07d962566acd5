import type { SubscriptionOptions } from '../routing/subscription-tree.ts';
import type { MessageContent } from '../session/message.ts';
import type { SessionOwner, Will } from '../session/session.ts';

export interface StoredSubscription extends SubscriptionOptions {
  readonly filter: string;
}

/** What a client and the platform have said of one message. */
export type Step =
  /** The receiver has it, or it was given up. */
  | 'done'
  /** The receiver said PUBREC. */
  | 'released'
  /** A sender's QoS 2 message came. */
  | 'received'
  /** The sender said PUBREL. */
  | 'finished';

export interface StoredStep {
  readonly session: number;
  readonly messageId: number;
  readonly step: Step;
}

export interface StoredReceiver {
  readonly session: number;
  readonly messageId: number;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIds: readonly number[];
  /** The shared subscription that it came by, as the client wrote it. */
  readonly share: string | undefined;
  readonly released: boolean;
  /** It was sent before. */
  readonly again: boolean;
}

export interface StoredSession {
  readonly number: number;
  readonly owner: SessionOwner;
  readonly identity: unknown;
  readonly expirySeconds: number;
  readonly connected: boolean;
  readonly leftAt: number;
  readonly will: Will | undefined;
  readonly willDueAt: number;
  /** Of the relay: what came before is among its messages already, or is none of its. */
  readonly relayedUpTo?: number | undefined;
}

export interface StoredMessage {
  readonly tenant: string;
  readonly content: MessageContent;
  /** It is its topic's retained message from now on; an empty payload clears. */
  readonly keep: boolean;
  /** The sender's session and packet identifier, for QoS 2. */
  readonly from: { readonly session: number; readonly messageId: number } | undefined;
  readonly receivers: readonly StoredReceiver[];
  /** Deliveries that this one takes the place of. */
  readonly insteadOf: readonly { readonly session: number; readonly messageId: number }[];
  /** Its session came from another door with it: that says nothing of how far this door has handed on the relay. */
  readonly moved: boolean;
}

/** How many members a shared subscription has at a door. */
export interface StoredMembers {
  /** The door's server. */
  readonly server: string;
  readonly tenant: string;
  /** The subscription as its clients wrote it. */
  readonly filter: string;
  /** Connected. */
  readonly here: number;
  /** Away, and get what is published meanwhile. */
  readonly away: number;
}

/** What the broker writes down, in the order in which it happened. */
export type BrokerRecord =
  /** A client connected, or (in a snapshot) is known. */
  | ({ readonly kind: 'session' } & StoredSession)
  | {
      readonly kind: 'left';
      readonly number: number;
      readonly leftAt: number;
      /** 0 when there is no will to send. */
      readonly willDueAt: number;
      /** Identifiers of what had been sent. */
      readonly sent: readonly number[];
    }
  | { readonly kind: 'ended'; readonly number: number }
  | { readonly kind: 'subscribed'; readonly number: number; readonly subscriptions: readonly StoredSubscription[] }
  | { readonly kind: 'unsubscribed'; readonly number: number; readonly filters: readonly string[] }
  | { readonly kind: 'will-sent'; readonly number: number }
  | { readonly kind: 'steps'; readonly steps: readonly StoredStep[] }
  | ({ readonly kind: 'message' } & StoredMessage)
  /** All that came by the relay up to here has been handed on. */
  | { readonly kind: 'relayed'; readonly position: number }
  | ({ readonly kind: 'members' } & StoredMembers);
