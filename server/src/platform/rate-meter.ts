/** Events a second over the last few seconds, for screens. Counting costs one addition. */
export class RateMeter {
  #total = 0;
  readonly #marks: { atMs: number; total: number }[] = [];
  readonly #windowMs: number;
  readonly #now: () => number;

  constructor(now: () => number, windowMs = 5000) {
    this.#now = now;
    this.#windowMs = windowMs;
    this.#marks.push({ atMs: now(), total: 0 });
  }

  count(events: number): void {
    this.#total += events;
  }

  get total(): number {
    return this.#total;
  }

  /** Reading sets a mark, at most four a second; the rate is over the marks of the window. */
  perSecond(): number {
    const now = this.#now();
    const newest = this.#marks[this.#marks.length - 1]!;
    if (now - newest.atMs >= 250) this.#marks.push({ atMs: now, total: this.#total });
    while (this.#marks.length > 2 && now - this.#marks[1]!.atMs >= this.#windowMs) this.#marks.shift();
    const oldest = this.#marks[0]!;
    const elapsed = now - oldest.atMs;
    return elapsed <= 0 ? 0 : ((this.#total - oldest.total) * 1000) / elapsed;
  }
}
