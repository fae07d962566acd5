import type { AddedNumbers, ArrivedTenant } from '../platform/database/moved-tenants.ts';

/**
 * Who may write which series: one array look-up a sample. A sender is an edge or a thing that speaks for itself;
 * numbers of both come from one counter. 0: nobody.
 */
export class SeriesDirectory {
  #sender = new Uint32Array(1024);
  /** By the number of a tenant that came from another platform: what its series had been called there. */
  #arrived = new Map<number, AddedNumbers>();

  set(series: number, sender: number): void {
    if (series >= this.#sender.length) this.#grow(series + 1);
    this.#sender[series] = sender;
  }

  remove(series: number): void {
    if (series < this.#sender.length) this.#sender[series] = 0;
  }

  /** The first series of `series` that `sender` may not write, or undefined when it may write all. */
  firstForeign(sender: number, series: Uint32Array): number | undefined {
    const owner = this.#sender;
    for (let i = 0; i < series.length; i++) if (owner[series[i]!] !== sender) return series[i];
    return undefined;
  }

  /** Tenants that came from another platform, and how their series were renumbered. */
  setArrived(tenants: readonly ArrivedTenant[]): void {
    this.#arrived = new Map(tenants.map(({ number, series }) => [number, series]));
  }

  /**
   * The series that a sender of a tenant from another platform means: it may have kept samples under the numbers that it
   * had there, none of which is a number of its own here. Null when they are not all its own even so.
   */
  asHere(sender: number, tenantNumber: number, series: Uint32Array): Uint32Array | null {
    const arrived = this.#arrived.get(tenantNumber);
    if (arrived === undefined) return null;
    const own = series.map((one) => (one <= arrived.upTo && this.senderOf(one) !== sender ? one + arrived.added : one));
    return this.firstForeign(sender, own) === undefined ? own : null;
  }

  /** Who may write a series; 0: nobody. */
  senderOf(series: number): number {
    return this.#sender[series] ?? 0;
  }

  #grow(least: number): void {
    const sender = new Uint32Array(Math.max(least, this.#sender.length * 2));
    sender.set(this.#sender);
    this.#sender = sender;
  }
}
