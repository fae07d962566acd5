import type { DeliveryLimits } from '../mqtt-limits.ts';
import type { Delivery, DeliveryLedger, Offer, SessionLink } from './delivery.ts';
import type { BacklogTotals, DroppedMessages, Message } from './message.ts';

const LAST_ID = 65_535;
const noOne: readonly never[] = [];

/**
 * What goes to one session, in order: waiting, sent, acknowledged. Pure: time and connection are handed in.
 * When there is no room, waiting QoS 0 messages go first, then the newest message is not taken; each is counted.
 */
export class Deliveries<Group = unknown> {
  /** Undefined while nobody is connected or the connection is not through CONNACK. */
  link: SessionLink | undefined;
  readonly dropped: DroppedMessages = { full: 0, qos0: 0, expired: 0, tooLarge: 0 };
  readonly #limits: DeliveryLimits;
  readonly #totals: BacklogTotals;
  readonly #ledger: DeliveryLedger | undefined;
  readonly #nowMs: () => number;
  #queue: Delivery<Group>[] = [];
  #head = 0;
  #waitingQos0 = 0;
  /** Everything with an identifier, in the order in which it is to arrive. */
  #byId: Map<number, Delivery<Group>> | undefined;
  #unacknowledged = 0;
  #bytes = 0;
  #lastId = 0;

  constructor(limits: DeliveryLimits, totals: BacklogTotals, ledger: DeliveryLedger | undefined, nowMs: () => number) {
    this.#limits = limits;
    this.#totals = totals;
    this.#ledger = ledger;
    this.#nowMs = nowMs;
  }

  get queued(): number {
    return this.#queue.length - this.#head;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  get inflight(): number {
    return this.#unacknowledged;
  }

  /** A QoS 1 message would be sent at once. */
  get takesNow(): boolean {
    const { link } = this;
    return link !== undefined && !link.blocked && this.queued === 0 && this.#unacknowledged < link.window;
  }

  /** All with an identifier, in order. */
  all(): Iterable<Delivery<Group>> {
    return this.#byId?.values() ?? noOne;
  }

  /** Takes a message, or counts it as dropped. `messageId` is set when it comes from the store. */
  offer(offer: Offer<Group>, stored: boolean): Delivery<Group> | undefined {
    const { message, qos } = offer;
    if (!this.#hasRoom(message, qos)) {
      this.#drop(qos === 0 ? 'qos0' : 'full');
      return undefined;
    }
    const delivery = this.#delivery(offer, qos === 0 ? 0 : this.#freeId(), stored);
    this.#push(delivery);
    this.pump();
    return delivery;
  }

  /** Puts back what the store knows. */
  restore(offer: Offer<Group>, messageId: number, state: 'waiting' | 'released', again: boolean): Delivery<Group> {
    const delivery = { ...this.#delivery(offer, messageId, true), state, again };
    this.#lastId = messageId;
    this.#push(delivery);
    return delivery;
  }

  /** One that waits goes to somebody else. */
  withdraw(delivery: Delivery<Group>): void {
    if (!this.#takeFromQueue(delivery)) return;
    this.#forget(delivery);
    this.#finish(delivery, false);
    this.pump();
  }

  /** Sends what may be sent now. */
  pump(): void {
    const { link } = this;
    if (link === undefined) return;
    while (this.#head < this.#queue.length) {
      const delivery = this.#queue[this.#head]!;
      const { message, qos } = delivery;
      if (message.void) {
        this.#head++;
        if (qos === 0) this.#waitingQos0--;
        this.#forget(delivery);
        this.#finish(delivery, false);
        continue;
      }
      if (!message.ready) {
        message.waiting ??= [];
        if (message.waiting.at(-1) !== this) message.waiting.push(this);
        break;
      }
      if (link.blocked || (qos > 0 && this.#unacknowledged >= link.window)) break;
      this.#head++;
      if (qos === 0) this.#waitingQos0--;
      this.#send(link, delivery);
    }
    this.#trimQueue();
  }

  /** PUBACK; `delivered` is false for a reason code that says no. */
  acknowledged(messageId: number, delivered: boolean): void {
    const delivery = this.#byId?.get(messageId);
    if (delivery?.qos !== 1 || delivery.state !== 'sent') return;
    this.#settle(delivery, delivered);
    this.pump();
  }

  /** PUBREC. False when nothing is known of it. */
  received(messageId: number, taken: boolean): boolean {
    const delivery = this.#byId?.get(messageId);
    if (delivery?.qos !== 2 || delivery.state === 'waiting') return false;
    if (!taken) {
      if (delivery.state === 'sent') this.#settle(delivery, false);
      this.pump();
      return true;
    }
    if (delivery.state === 'released' || !delivery.stored || this.#ledger === undefined) {
      delivery.state = 'released';
      this.link?.release(messageId);
      return true;
    }
    const { link } = this;
    this.#ledger.released(messageId).then(
      () => {
        if (this.#byId?.get(messageId) !== delivery) return;
        // The connection may have changed meanwhile: then it waits to be sent again, which it must not be.
        if (delivery.state === 'waiting') {
          this.#takeFromQueue(delivery);
          if (this.link !== undefined) this.#unacknowledged++;
        }
        delivery.state = 'released';
        this.link?.release(messageId);
      },
      () => link?.close('quota-exceeded', 'PUBREC cannot be kept now'),
    );
    return true;
  }

  /** PUBCOMP. */
  completed(messageId: number): void {
    const delivery = this.#byId?.get(messageId);
    if (delivery?.state !== 'released') return;
    this.#settle(delivery, true);
    this.pump();
  }

  /** The connection is through CONNACK: what was under way on an older one is sent again, in order. */
  attach(link: SessionLink): void {
    this.link = link;
    for (const delivery of this.all()) {
      if (delivery.state !== 'released') continue;
      this.#unacknowledged++;
      link.release(delivery.messageId);
    }
    this.pump();
  }

  /** The connection is gone: QoS 0 is given up, the rest waits. */
  detach(): void {
    this.link = undefined;
    this.#unacknowledged = 0;
    const told = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    this.#waitingQos0 = 0;
    for (const delivery of told) {
      if (delivery.qos > 0) continue;
      this.#drop('qos0');
      this.#forget(delivery);
      this.#finish(delivery, false);
    }
    for (const delivery of this.all()) {
      this.#finish(delivery, false);
      if (delivery.state === 'released') continue;
      delivery.state = 'waiting';
      this.#queue.push(delivery);
    }
  }

  /** Is it not wise to give it more of what it must not lose? Then its client should be let go. */
  isFullFor(bytes: number, unsentBytes: number, maxBytes: number, maxMessages: number): boolean {
    const unsent = unsentBytes + this.#bytes;
    return this.queued >= maxMessages || (unsent > 0 && unsent + bytes > maxBytes);
  }

  /** The session is over: everything is let go. */
  clear(): void {
    const open = [...this.#queue.slice(this.#head).filter(({ qos }) => qos === 0), ...this.all()];
    this.link = undefined;
    this.#queue = [];
    this.#head = 0;
    this.#waitingQos0 = 0;
    this.#unacknowledged = 0;
    for (const delivery of open) {
      this.#forget(delivery);
      this.#finish(delivery, false);
    }
  }

  #delivery(
    { message, qos, retain, subscriptionIds, group, done }: Offer<Group>,
    messageId: number,
    stored: boolean,
  ): Delivery<Group> {
    const how = { messageId, stored, state: 'waiting', again: false, done } as const;
    return { message, qos, retain, subscriptionIds, group, ...how };
  }

  #push(delivery: Delivery<Group>): void {
    const { message, qos, messageId } = delivery;
    message.hold(this.#totals);
    this.#bytes += message.bytes;
    if (qos === 0) this.#waitingQos0++;
    else {
      this.#byId ??= new Map();
      this.#byId.set(messageId, delivery);
    }
    if (delivery.state === 'waiting') this.#queue.push(delivery);
  }

  #send(link: SessionLink, delivery: Delivery<Group>): void {
    const { message, qos, again } = delivery;
    const secondsLeft = message.secondsLeft(this.#nowMs());
    if (secondsLeft === undefined && !again) {
      this.#drop('expired');
      this.#settle(delivery, false);
      return;
    }
    if (!link.publish(delivery, secondsLeft ?? 0)) {
      this.#drop('tooLarge');
      this.#settle(delivery, false);
    } else if (qos === 0) {
      // The link tells `done` when it is written.
      delivery.done = undefined;
      this.#settle(delivery, true);
    } else {
      delivery.state = 'sent';
      delivery.again = true;
      this.#unacknowledged++;
    }
  }

  #drop(why: keyof DroppedMessages): void {
    this.dropped[why]++;
    this.#totals.dropped[why]++;
  }

  #settle(delivery: Delivery<Group>, delivered: boolean): void {
    if (delivery.state !== 'waiting') this.#unacknowledged--;
    this.#forget(delivery);
    if (delivery.stored) this.#ledger?.done(delivery.messageId);
    this.#finish(delivery, delivered);
  }

  #forget(delivery: Delivery<Group>): void {
    this.#byId?.delete(delivery.messageId);
    this.#bytes -= delivery.message.bytes;
    delivery.message.letGo(this.#totals);
  }

  #finish(delivery: Delivery<Group>, delivered: boolean): void {
    const { done } = delivery;
    delivery.done = undefined;
    done?.(delivered);
  }

  #takeFromQueue(delivery: Delivery<Group>): boolean {
    const at = this.#queue.indexOf(delivery, this.#head);
    if (at < 0) return false;
    this.#queue.splice(at, 1);
    if (delivery.qos === 0) this.#waitingQos0--;
    return true;
  }

  #hasRoom(message: Message, qos: number): boolean {
    const { link } = this;
    const idle = this.#bytes === 0;
    if (qos === 0) {
      // What goes straight to the socket needs no room.
      if (link !== undefined && this.queued === 0 && message.ready && !link.blocked) return true;
      const { maxQueuedQos0Messages, maxQueuedQos0Bytes } = this.#limits;
      if (this.queued >= maxQueuedQos0Messages) return false;
      return (idle || this.#bytes + message.bytes <= maxQueuedQos0Bytes) && this.#backlogTakes(message);
    }
    if (this.#fits(message)) return true;
    if (this.#waitingQos0 === 0) return false;
    this.#dropWaitingQos0();
    return this.#fits(message);
  }

  #fits(message: Message): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#limits;
    if ((this.#byId?.size ?? 0) >= maxQueuedMessages) return false;
    return (this.#bytes === 0 || this.#bytes + message.bytes <= maxQueuedBytes) && this.#backlogTakes(message);
  }

  #backlogTakes(message: Message): boolean {
    const { maxBacklogBytes, reservedBytes } = this.#limits;
    return this.#totals.bytes + message.bytes <= maxBacklogBytes || this.#bytes + message.bytes <= reservedBytes;
  }

  #dropWaitingQos0(): void {
    const waiting = this.#queue.slice(this.#head);
    this.#queue = waiting.filter(({ qos }) => qos > 0);
    this.#head = 0;
    this.#waitingQos0 = 0;
    for (const delivery of waiting) {
      if (delivery.qos > 0) continue;
      this.#drop('qos0');
      this.#forget(delivery);
      this.#finish(delivery, false);
    }
  }

  #trimQueue(): void {
    if (this.#head === this.#queue.length) {
      if (this.#head > 0) this.#queue = [];
    } else if (this.#head > 1024) this.#queue = this.#queue.slice(this.#head);
    else return;
    this.#head = 0;
  }

  #freeId(): number {
    do this.#lastId = this.#lastId === LAST_ID ? 1 : this.#lastId + 1;
    while (this.#byId?.has(this.#lastId));
    return this.#lastId;
  }
}
