import type { PublishOutcome } from '../door-contract.ts';

interface Receipt {
  readonly messageId: number;
  readonly qos: number;
  outcome: PublishOutcome | undefined;
}

/** What is in flight over all connections of a door. */
export interface InflightTotals {
  inflight: number;
  inflightBytes: number;
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
  readonly #answer: (messageId: number, qos: number, outcome: PublishOutcome) => void;
  #queue: Receipt[] = [];
  #head = 0;

  constructor(totals: InflightTotals, answer: (messageId: number, qos: number, outcome: PublishOutcome) => void) {
    this.#totals = totals;
    this.#answer = answer;
  }

  /** Nothing waits to be answered, so an outcome known at once can be answered at once. */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** Returns what to call, once, with the outcome. */
  open(messageId: number, qos: number, bytes: number): (outcome: PublishOutcome) => void {
    const receipt: Receipt = { messageId, qos, outcome: undefined };
    if (messageId !== 0) this.#queue.push(receipt);
    this.#count(1, bytes);
    return (outcome) => {
      receipt.outcome = outcome;
      if (messageId === 0) {
        this.#count(-1, -bytes);
        this.#answer(0, 0, outcome);
      } else {
        this.#count(0, -bytes);
        this.#answerInOrder();
      }
    };
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
      this.#answer(first.messageId, first.qos, first.outcome);
    }
    if (this.#head === this.#queue.length) this.#queue = [];
    else if (this.#head > 1024) this.#queue = this.#queue.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
