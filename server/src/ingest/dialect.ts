import type { Json } from '@luban/contracts';
import type { Edges } from '../edges/edges.ts';
import type { LogLines } from '../platform/log-lines.ts';
import type { Things } from '../things/things.ts';
import type { Ingest } from './ingest-contract.ts';
import type { MqttDoor, MqttPeer, PublishOutcome } from './mqtt/mqtt-door.ts';
import type { MachineIdentity } from './mqtt-identity.ts';
import type { RefusedValues } from './refused-values.ts';

export type DialectPeer = Pick<MqttPeer<MachineIdentity>, 'id' | 'clientId' | 'identity' | 'version' | 'publish'>;

/**
 * Another platform's way to speak MQTT: its topics, payloads and answers, so that a device made for it moves here by
 * changing an address. One folder each, and a line in `dialects.ts`.
 */
export interface Dialect {
  readonly name: string;
  /** Is this topic one of its own? Asked for each message that is not in Luban's own form, so it must be cheap. */
  takes(topic: string): boolean;
  /** Whether the tenant's other clients hear what it has taken. */
  readonly use: 'take' | 'take-and-route';
  /**
   * Takes one message; `ok` when all that could be stored of it is on disk. May throw SyntaxError, ZodError or Refusal
   * for a payload that it cannot read.
   */
  publish(peer: DialectPeer, topic: string, payload: Buffer): Promise<PublishOutcome>;
  /** May such a client listen there? Only for answers and commands to itself. */
  maySubscribe(identity: MachineIdentity, filter: string): boolean;
  /** The subscription was acknowledged. */
  subscribed?(peer: DialectPeer, filter: string): void;
  /** The connection is gone. */
  closed?(peer: DialectPeer): void;
  /** The door is open. */
  start?(): void;
  /** The platform stops: whoever listens hears it while there are connections. Never rejects. */
  stop?(): Promise<void>;
}

export interface DialectContext {
  readonly ingest: Ingest;
  readonly things: Things;
  readonly edges: Edges;
  readonly refused: RefusedValues;
  readonly nowUs: () => number;
  readonly lines: LogLines;
  /** To the tenant's clients that have subscribed to the topic. */
  readonly publish: MqttDoor<MachineIdentity>['publish'];
}

/** Values by property key, all of one time. */
export interface KeyedValues {
  /** µs since 1970 UTC; null: the time of arrival. */
  readonly timeUs: number | null;
  readonly values: Readonly<Record<string, Json>>;
}
