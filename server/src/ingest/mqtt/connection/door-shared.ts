import type { Broker } from '../broker.ts';
import type { MqttDoorHandlers, MqttLog, MqttPeer } from '../door-contract.ts';
import type { MqttLimits } from '../mqtt-limits.ts';
import type { MqttRefusal } from '../mqtt-reasons.ts';
import type { Session } from '../session/session.ts';
import type { DoorTurns } from './door-turns.ts';
import type { InputTotals } from './packet-input.ts';
import type { InflightTotals } from './receipts.ts';

/** One connection as the door sees it. */
export interface DoorConnection<Identity> extends MqttPeer<Identity> {
  /** Through CONNACK and not ending. */
  readonly connected: boolean;
  start(): void;
  /** Takes nothing new; answers what is in flight, then says why and closes. */
  stop(): void;
  destroy(): void;
  /** Ends it when `whom` says so of its client, which may only turn out when its login is through. */
  dismiss(whom: (identity: Identity) => boolean): void;
  /** Looks at the clock for this connection; `now` as of `performance.now()`. */
  sweep(now: number): void;
  /** Bytes in flight over all connections are below their maximum again. */
  retry(): void;
}

/** What the connections of one door share. */
export interface DoorShared<Identity> extends InflightTotals, InputTotals {
  readonly limits: MqttLimits;
  readonly handlers: MqttDoorHandlers<Identity>;
  readonly broker: Broker<Identity>;
  readonly log: MqttLog;
  readonly turns: DoorTurns;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** As the handlers say. */
  readonly readsProperties: boolean;
  received: number;
  refused(reason: MqttRefusal): void;
  /** `retry` is called when the bytes in flight over all connections are below their maximum again. */
  waitForBytes(connection: DoorConnection<Identity>): void;
  bytesReleased(): void;
  /** The connection that has a session now. */
  readonly connectionOf: Map<Session, DoorConnection<Identity>>;
  /** The socket is closed. */
  gone(connection: DoorConnection<Identity>): void;
}
