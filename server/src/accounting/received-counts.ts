import type { LogRecord } from '../log/log.ts';
import { RecentBatches } from './recent-batches.ts';

/** Whose samples of a series are: a device at an edge, a thing that sends by itself, or nobody known any more. */
export interface Holder {
  readonly holder: string;
  readonly edge: string | null;
}

export interface Account extends Holder {
  readonly tenantNumber: number;
  received: number;
  repeated: number;
  /** Of `received`: in the log, and not in the store yet. */
  waiting: number;
  changed: boolean;
}

/** What a stretch of the log that is not stored yet holds of each account. */
interface Stretch {
  readonly end: number;
  readonly counts: Map<Account, number>;
}

/** Counts the log's samples by account. One array look-up a sample, however many accounts there are. */
export class ReceivedCounts {
  readonly #accounts: Account[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #recent = new Map<string, RecentBatches>();
  /** The same by account number. */
  readonly #recentByAccount: (RecentBatches | undefined)[] = [];
  readonly #holderOf: (series: number) => Holder;
  /** Account number + 1 by series; 0: not looked up yet. */
  #slots = new Uint32Array(1024);
  #bindings = Number.NaN;
  #stretches: Stretch[] = [];

  constructor(holderOf: (series: number) => Holder) {
    this.#holderOf = holderOf;
  }

  load(rows: readonly Omit<Account, 'waiting' | 'changed'>[]): void {
    for (const row of rows) this.#add({ ...row, waiting: 0, changed: false });
  }

  /** Counts records that follow each other. `isNew` false: they are counted, and only not stored yet. */
  take(records: readonly LogRecord[], isNew: boolean): void {
    if (records.length === 0) return;
    const counts = new Map<Account, number>();
    for (const record of records) this.#takeRecord(record, isNew, counts);
    for (const [account, count] of counts) account.waiting += count;
    this.#stretches.push({ end: records[records.length - 1]!.position + 1, counts });
  }

  /** Everything below `position` is in the store. */
  stored(position: number): void {
    while (this.#stretches.length > 0 && this.#stretches[0]!.end <= position)
      for (const [account, count] of this.#stretches.shift()!.counts) account.waiting -= count;
  }

  /** Bindings are as of `version`: where that is another than before, each series is looked up again. */
  bindingsAre(version: number): void {
    if (version === this.#bindings) return;
    this.#bindings = version;
    this.#slots.fill(0);
  }

  accounts(): readonly Account[] {
    return this.#accounts;
  }

  #takeRecord({ tenant, batch }: LogRecord, isNew: boolean, counts: Map<Account, number>): void {
    const { series, count } = batch;
    let repeated: boolean | undefined;
    for (let from = 0; from < count; ) {
      const slot = this.#slotOf(tenant, series[from]!);
      let to = from + 1;
      while (to < count && (this.#slots[series[to]!] || this.#slotOf(tenant, series[to]!)) === slot) to++;
      const account = this.#accounts[slot - 1]!;
      repeated ??= this.#recentOf(slot - 1).isRepeated(batch);
      counts.set(account, (counts.get(account) ?? 0) + to - from);
      if (isNew) {
        account.received += to - from;
        if (repeated) account.repeated += to - from;
        account.changed = true;
      }
      from = to;
    }
  }

  #slotOf(tenantNumber: number, series: number): number {
    if (series >= this.#slots.length) {
      const larger = new Uint32Array(Math.max(series + 1, this.#slots.length * 2));
      larger.set(this.#slots);
      this.#slots = larger;
    }
    const known = this.#slots[series]!;
    if (known !== 0) return known;
    const holder = this.#holderOf(series);
    const at = this.#byKey.get(`${tenantNumber} ${holder.holder}`);
    const slot =
      (at ?? this.#add({ ...holder, tenantNumber, received: 0, repeated: 0, waiting: 0, changed: true })) + 1;
    this.#slots[series] = slot;
    return slot;
  }

  #add(account: Account): number {
    this.#byKey.set(`${account.tenantNumber} ${account.holder}`, this.#accounts.length);
    return this.#accounts.push(account) - 1;
  }

  /** What an edge sends is numbered by the edge, for all its devices. */
  #recentOf(account: number): RecentBatches {
    const known = this.#recentByAccount[account];
    if (known !== undefined) return known;
    const { edge, holder, tenantNumber } = this.#accounts[account]!;
    const sender = edge ?? `${tenantNumber} ${holder}`;
    const recent = this.#recent.get(sender) ?? new RecentBatches();
    this.#recent.set(sender, recent);
    this.#recentByAccount[account] = recent;
    return recent;
  }
}
