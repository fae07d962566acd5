import type { RefusalCount } from './accounting-store.ts';

interface RefusalsOptions {
  /** Refused at this server's doors since its start. */
  readonly here: () => Iterable<RefusalCount>;
  readonly load: () => Promise<readonly RefusalCount[]>;
  readonly add: (counts: readonly RefusalCount[]) => Promise<unknown>;
}

/** What was refused, by sender and reason: every door adds its own to what the records hold. */
export function createRefusals({ here, load, add }: RefusalsOptions) {
  const keyOf = ({ sender, reason }: RefusalCount) => `${sender} ${reason}`;
  let saved = new Map<string, RefusalCount>();
  /** Of what `here` says: what is in `saved`. */
  const told = new Map<string, RefusalCount>();

  function untold(): RefusalCount[] {
    const counts: RefusalCount[] = [];
    for (const now of here()) {
      const before = told.get(keyOf(now)) ?? { samples: 0, batches: 0 };
      if (now.batches > before.batches)
        counts.push({ ...now, samples: now.samples - before.samples, batches: now.batches - before.batches });
    }
    return counts;
  }

  return {
    async load(): Promise<void> {
      saved = new Map((await load()).map((row) => [keyOf(row), row]));
    },
    async save(): Promise<void> {
      const counts = untold();
      if (counts.length === 0) return;
      await add(counts);
      for (const one of counts) {
        const key = keyOf(one);
        told.set(key, plus(told.get(key), one));
        saved.set(key, plus(saved.get(key), one));
      }
    },
    of(sender: number): RefusalCount[] {
      const all = new Map([...saved].filter(([, row]) => row.sender === sender));
      for (const one of untold()) if (one.sender === sender) all.set(keyOf(one), plus(all.get(keyOf(one)), one));
      return [...all.values()];
    },
  };
}

function plus(before: RefusalCount | undefined, more: RefusalCount): RefusalCount {
  return {
    ...more,
    samples: more.samples + (before?.samples ?? 0),
    batches: more.batches + (before?.batches ?? 0),
  };
}
