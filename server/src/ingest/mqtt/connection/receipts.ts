import type { PublishOutcome } from '../door-contract.ts';

interface Receipt {
  readonly messageId: number;
  readonly qos: number;
  readonly bytes: number;
  outcome: PublishOutcome | undefined;
}

/** Receipts that wait for one promise, as many do: what becomes durable by one write has one. */
interface Waiting {
  readonly outcome: Promise<PublishOutcome>;
  readonly receipts: Receipt[];
}

/** What is in flight over all connections of a door. */
export interface InflightTotals {
  inflight: number;
  inflightBytes: number;
}

export interface ReceiptsOwner {
  answer(messageId: number, qos: number, outcome: PublishOutcome): void;
  faultOf(error: unknown): PublishOutcome;
  /** Something in flight was settled. */
  settled(): void;
}

/**
 * The publishes of one connection between arrival and answer. They are settled in any order and answered in the order
 * in which they arrived, as MQTT demands. QoS 0 (identifier 0) has no answer and waits for nobody.
 */
export class Receipts {
  /** Publishes not settled (QoS 0) or not answered (QoS 1 and 2). */
  inflight = 0;
  inflightBytes = 0;
  readonly #totals: InflightTotals;
  readonly #owner: ReceiptsOwner;
  #queue: Receipt[] = [];
  #head = 0;
  #newest: Waiting | undefined;

  constructor(totals: InflightTotals, owner: ReceiptsOwner) {
    this.#totals = totals;
    this.#owner = owner;
  }

  /** Nothing waits to be answered, so an outcome known at once can be answered at once. */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** Answers it in its turn, with an outcome that is known or will be; whatever fails is `faultOf`'s to say. */
  open(messageId: number, qos: number, bytes: number, outcome: PublishOutcome | Promise<PublishOutcome>): void {
    const receipt: Receipt = { messageId, qos, bytes, outcome: undefined };
    if (messageId !== 0) this.#queue.push(receipt);
    this.#count(1, bytes);
    if (!('then' in outcome)) this.#settle([receipt], outcome);
    else if (this.#newest?.outcome === outcome) this.#newest.receipts.push(receipt);
    else this.#await({ outcome, receipts: [receipt] });
  }

  #await(waiting: Waiting): void {
    this.#newest = waiting;
    const settle = (outcome: PublishOutcome) => {
      if (this.#newest === waiting) this.#newest = undefined;
      this.#settle(waiting.receipts, outcome);
    };
    waiting.outcome.then(settle, (error: unknown) => settle(this.#owner.faultOf(error)));
  }

  #settle(receipts: readonly Receipt[], outcome: PublishOutcome): void {
    for (const receipt of receipts) {
      receipt.outcome = outcome;
      if (receipt.messageId === 0) {
        this.#count(-1, -receipt.bytes);
        this.#owner.answer(0, 0, outcome);
      } else this.#count(0, -receipt.bytes);
    }
    this.#answerInOrder();
    this.#owner.settled();
  }

  #count(publishes: number, bytes: number): void {
    this.inflight += publishes;
    this.inflightBytes += bytes;
    this.#totals.inflight += publishes;
    this.#totals.inflightBytes += bytes;
  }

  #answerInOrder(): void {
    for (;;) {
      const first = this.#queue[this.#head];
      if (first?.outcome === undefined) break;
      this.#head++;
      this.#count(-1, 0);
      this.#owner.answer(first.messageId, first.qos, first.outcome);
    }
    if (this.#head === this.#queue.length) this.#queue = [];
    else if (this.#head > 1024) this.#queue = this.#queue.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
