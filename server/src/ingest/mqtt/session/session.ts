import type { PublishOutcome } from '../mqtt-reasons.ts';
import type { SharedGroup, Subscription } from '../routing/subscription-tree.ts';
import type { Deliveries } from './deliveries.ts';
import type { Delivery, Offer } from './delivery.ts';
import type { MessageContent } from './message.ts';

/** Seconds; this many mean never. */
export const NEVER_EXPIRES = 0xffff_ffff;

/** Whose a session is. */
export interface SessionOwner {
  readonly tenant: string;
  /** The identity's name in the tenant. */
  readonly name: string;
  readonly clientId: string;
}

/** What is published in a client's name when it is gone. Its message's expiry counts from then on. */
export interface Will {
  readonly content: Omit<MessageContent, 'expiresAt'>;
  readonly expirySeconds: number;
  readonly delaySeconds: number;
}

/** What is kept of a client from one connection to the next. */
export interface Session {
  /** Given once, never again. */
  readonly number: number;
  readonly owner: SessionOwner;
  /** Plain data, as it was authenticated last. */
  identity: unknown;
  /** Known to the store: what must not be lost of it is durable. */
  readonly stored: boolean;
  expirySeconds: number;
  connected: boolean;
  /** Milliseconds since 1970, of the last connection that this process saw. */
  connectedAt: number;
  /** Milliseconds since 1970; 0 while it is connected. */
  leftAt: number;
  will: Will | undefined;
  /** When the will of a client that is gone is due, milliseconds since 1970. */
  willDueAt: number;
  /** Of the relay: what came before is among its deliveries already, or is none of its. */
  relayedUpTo: number | undefined;
  /** By the filter as the client wrote it. */
  readonly subscriptions: Map<string, Subscription<Session>>;
  readonly deliveries: Deliveries<SharedGroup<Session>>;
  /** Identifiers of QoS 2 messages that came and were not released, with the outcome while it is not known. */
  received: Map<number, Promise<PublishOutcome> | undefined> | undefined;
}

export type SessionDelivery = Delivery<SharedGroup<Session>>;
export type SessionOffer = Offer<SharedGroup<Session>>;

/** When a session that nobody is connected to ends; Infinity for never. */
export function expiresAt({ connected, leftAt, expirySeconds }: Session): number {
  return connected || expirySeconds === NEVER_EXPIRES ? Number.POSITIVE_INFINITY : leftAt + expirySeconds * 1000;
}

export function sessionKey({ tenant, name, clientId }: SessionOwner): string {
  return JSON.stringify([tenant, name, clientId]);
}
