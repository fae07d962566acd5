import type { ThingId } from '@luban/contracts';
import type { MachineIdentity } from '../mqtt-identity.ts';
import type { BoundMetric } from './metric-batch.ts';
import type { Payload } from './sparkplug-payload.ts';

/** What a birth certificate bound: the node itself, or one of its devices. */
export interface Born {
  readonly thing: ThingId;
  readonly metrics: ReadonlyMap<string, BoundMetric>;
  readonly series: readonly number[];
}

/** An edge node's session as the host sees it: from its NBIRTH to its NDEATH. */
export class SparkplugNode {
  readonly group: string;
  readonly name: string;
  /** Who gave birth to it; null while it is not alive. */
  identity: MachineIdentity | null = null;
  /** True once it was alive since the platform started. */
  known = false;
  /** The connection that it speaks on. */
  peer = '';
  bdSeq: number | null = null;
  #seq = -1;
  readonly aliases = new Map<number, BoundMetric>();
  /** By device; null is the node itself. */
  readonly born = new Map<string | null, Born>();
  /** The newest source time that was stored of it, µs: a death is never older than what it ends. */
  newestUs = 0;
  /** A birth that is being bound: what comes after it waits. */
  pending: Promise<unknown> | null = null;
  askedMs = Number.NEGATIVE_INFINITY;

  constructor(group: string, name: string) {
    this.group = group;
    this.name = name;
  }

  get alive(): boolean {
    return this.identity !== null;
  }

  begin(identity: MachineIdentity, peer: string, payload: Payload): void {
    this.identity = identity;
    this.known = true;
    this.peer = peer;
    this.bdSeq = bdSeqOf(payload);
    this.#seq = payload.seq;
    this.aliases.clear();
    this.born.clear();
  }

  /** False when something between this message and the one before it is missing. */
  follows({ seq }: Payload): boolean {
    const expected = (this.#seq + 1) & 0xff;
    this.#seq = seq;
    return seq === expected;
  }

  /** Of everything that is born. */
  allSeries(): number[] {
    return [...this.born.values()].flatMap(({ series }) => series);
  }

  end(): void {
    this.identity = null;
    this.born.clear();
    this.aliases.clear();
  }
}

/** The number that ties a death to its birth; null when the payload has none. */
export function bdSeqOf({ metrics }: Payload): number | null {
  const found = metrics.find(({ name }) => name === 'bdSeq');
  return found === undefined || (found.kind !== 'int' && found.kind !== 'long') ? null : found.number;
}
