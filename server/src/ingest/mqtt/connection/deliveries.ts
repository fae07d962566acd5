import type { IPublishPacket } from 'mqtt-packet';
import type { MqttLimits } from '../mqtt-limits.ts';
import type { Outgoing } from './outgoing.ts';

interface Delivery {
  readonly topic: string;
  readonly payload: Buffer;
  readonly done: (delivered: boolean) => void;
}

/** More than that unacknowledged is no use to anybody, whatever the client says that it takes. */
const MAX_UNACKNOWLEDGED = 1000;

/**
 * Messages on their way to one client. At QoS 1 no more are unacknowledged than the client takes; the rest waits in
 * order.
 */
export class Deliveries {
  readonly #limits: MqttLimits;
  readonly #outgoing: Outgoing;
  readonly #encode: (packet: IPublishPacket) => Buffer;
  readonly #sent = new Map<number, (delivered: boolean) => void>();
  #waiting: Delivery[] = [];
  #waitingBytes = 0;
  #window = MAX_UNACKNOWLEDGED;
  #lastId = 0;

  /** `encode` gives nothing for a packet larger than the client takes. */
  constructor(limits: MqttLimits, outgoing: Outgoing, encode: (packet: IPublishPacket) => Buffer) {
    this.#limits = limits;
    this.#outgoing = outgoing;
    this.#encode = encode;
  }

  set clientReceiveMaximum(receiveMaximum: number) {
    this.#window = Math.min(receiveMaximum, MAX_UNACKNOWLEDGED);
  }

  /**
   * Does so much wait that the client, which does not read or acknowledge, should be let go? A client for which nothing
   * waits takes one message of any size: an edge's configuration may be larger than the limit.
   */
  isFullFor(bytes: number): boolean {
    const { maxUnsentBytes, maxUnsentPublishes } = this.#limits;
    const unsent = this.#outgoing.unsentBytes + this.#waitingBytes;
    return this.#waiting.length >= maxUnsentPublishes || (unsent > 0 && unsent + bytes > maxUnsentBytes);
  }

  /** `payload` must not change before the promise resolves. */
  publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<boolean> {
    return new Promise((done) => {
      if (qos === 1) {
        this.#waiting.push({ topic, payload, done });
        this.#waitingBytes += payload.length;
        this.#sendWaiting();
        return;
      }
      const bytes = this.#encode({ cmd: 'publish', topic, payload, qos, dup: false, retain: false });
      if (bytes.length === 0) done(false);
      else this.#outgoing.send(bytes, done);
    });
  }

  acknowledged(messageId: number, delivered: boolean): void {
    const done = this.#sent.get(messageId);
    if (done === undefined) return;
    this.#sent.delete(messageId);
    this.#sendWaiting();
    done(delivered);
  }

  /** The client is gone: nothing more is delivered. */
  abandon(): void {
    const open = [...this.#sent.values(), ...this.#waiting.map((delivery) => delivery.done)];
    this.#sent.clear();
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const done of open) done(false);
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#sent.size < this.#window) {
      const { topic, payload, done } = this.#waiting.shift()!;
      this.#waitingBytes -= payload.length;
      const messageId = this.#freeId();
      const bytes = this.#encode({ cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain: false });
      if (bytes.length === 0) {
        done(false);
        continue;
      }
      this.#sent.set(messageId, done);
      this.#outgoing.send(bytes);
    }
  }

  #freeId(): number {
    do this.#lastId = this.#lastId === 65_535 ? 1 : this.#lastId + 1;
    while (this.#sent.has(this.#lastId));
    return this.#lastId;
  }
}
