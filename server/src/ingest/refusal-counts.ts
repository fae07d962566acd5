import type { Sender } from './ingest-outcome.ts';

/** `no-property`: single values that no property takes; the others of their message are kept. */
export const refusedReasons = ['malformed', 'not-authorized', 'unavailable', 'no-property'] as const;
export type RefusedReason = (typeof refusedReasons)[number];

type Counts = Record<RefusedReason, { samples: number; batches: number }>;

/** What was refused of one message. */
export interface Refused {
  readonly reason: RefusedReason;
  /** 0 where nobody can say how many they were, as of what cannot be read. */
  readonly samples: number;
  /** 1, or 0 where only a part of the message was refused. */
  readonly batches: 0 | 1;
  /** Whose samples they were, as far as that is known: of an edge its devices and the things that send through it. */
  readonly holders?: ReadonlyMap<string, number>;
}

/** `holder` null: all of the sender; else what was refused of one device or thing of it. */
export interface RefusalCount {
  readonly sender: number;
  readonly holder: string | null;
  readonly reason: RefusedReason;
  readonly samples: number;
  readonly batches: number;
}

export function noRefusals(): Counts {
  const none = () => ({ samples: 0, batches: 0 });
  return { malformed: none(), 'not-authorized': none(), unavailable: none(), 'no-property': none() };
}

/** Refused at this server's doors since its start. */
export function createRefusalCounts() {
  const bySender = new Map<number, { tenantNumber: number; byHolder: Map<string | null, Counts> }>();

  function add({ number, tenantNumber }: Sender, holder: string | null): Counts {
    const known = bySender.get(number) ?? { tenantNumber, byHolder: new Map<string | null, Counts>() };
    bySender.set(number, known);
    const counts = known.byHolder.get(holder) ?? noRefusals();
    known.byHolder.set(holder, counts);
    return counts;
  }

  return {
    /** Of one sender: many messages at once where the log took none of them. */
    count(sender: Sender, reason: RefusedReason, samples: number, batches: number, holders?: Refused['holders']): void {
      const all = add(sender, null)[reason];
      all.samples += samples;
      all.batches += batches;
      for (const [holder, own] of holders ?? []) {
        const counts = add(sender, holder)[reason];
        counts.samples += own;
        counts.batches += batches;
      }
    },
    *ofTenants(): Iterable<{ tenantNumber: number; refused: Counts }> {
      for (const { tenantNumber, byHolder } of bySender.values())
        yield { tenantNumber, refused: byHolder.get(null) ?? noRefusals() };
    },
    *all(): Iterable<RefusalCount> {
      for (const [sender, { byHolder }] of bySender)
        for (const [holder, counts] of byHolder)
          for (const reason of refusedReasons)
            if (counts[reason].samples > 0 || counts[reason].batches > 0)
              yield { sender, holder, reason, ...counts[reason] };
    },
  };
}
