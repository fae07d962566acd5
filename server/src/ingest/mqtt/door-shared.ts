import type { DoorTurns } from './door-turns.ts';
import type { MqttConnection } from './mqtt-connection.ts';
import type { MqttDoorHandlers, MqttLog } from './mqtt-door.ts';
import type { MqttLimits } from './mqtt-limits.ts';
import type { MqttRefusal } from './mqtt-reasons.ts';
import type { InputTotals } from './packet-input.ts';
import type { InflightTotals } from './receipts.ts';

/** What the connections of one door share. */
export interface DoorShared<Identity> extends InflightTotals, InputTotals {
  readonly limits: MqttLimits;
  readonly handlers: MqttDoorHandlers<Identity>;
  readonly log: MqttLog;
  readonly turns: DoorTurns;
  received: number;
  refused(reason: MqttRefusal): void;
  /** `retry` is called when the bytes in flight over all connections are below their maximum again. */
  waitForBytes(connection: MqttConnection<Identity>): void;
  bytesReleased(): void;
  /** A connection was authenticated: an older one of the same client goes. */
  admitted(connection: MqttConnection<Identity>): void;
  /** An admitted connection is ending. */
  left(connection: MqttConnection<Identity>): void;
  /** The socket is closed. */
  gone(connection: MqttConnection<Identity>): void;
}
