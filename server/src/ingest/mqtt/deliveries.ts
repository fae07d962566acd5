import type { MqttLimits } from './mqtt-limits.ts';

interface Delivery {
  readonly encode: (messageId: number) => Buffer;
  readonly done: (delivered: boolean) => void;
}

/**
 * QoS 1 messages on their way to one client: no more unacknowledged than the client takes, the rest waiting in order.
 * `full` means that too many wait and the client should be let go.
 */
export class Deliveries {
  clientReceiveMaximum = 65_535;
  readonly #limits: MqttLimits;
  readonly #send: (bytes: Buffer) => void;
  readonly #sent = new Map<number, (delivered: boolean) => void>();
  #waiting: Delivery[] = [];
  #lastId = 0;

  constructor(limits: MqttLimits, send: (bytes: Buffer) => void) {
    this.#limits = limits;
    this.#send = send;
  }

  get full(): boolean {
    return this.#waiting.length >= this.#limits.maxUnsentPublishes;
  }

  add(encode: (messageId: number) => Buffer, done: (delivered: boolean) => void): void {
    this.#waiting.push({ encode, done });
    this.#sendWaiting();
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
    for (const done of open) done(false);
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#sent.size < this.clientReceiveMaximum) {
      const delivery = this.#waiting.shift()!;
      const messageId = this.#freeId();
      const bytes = delivery.encode(messageId);
      if (bytes.length === 0) {
        delivery.done(false);
        continue;
      }
      this.#sent.set(messageId, delivery.done);
      this.#send(bytes);
    }
  }

  #freeId(): number {
    do this.#lastId = this.#lastId === 65_535 ? 1 : this.#lastId + 1;
    while (this.#sent.has(this.#lastId));
    return this.#lastId;
  }
}
