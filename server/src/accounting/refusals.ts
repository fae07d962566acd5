import type { RefusalCount } from './accounting-store.ts';

interface RefusalsOptions {
  /** Refused at this server's doors since its start. */
  readonly here: () => Iterable<RefusalCount>;
  /** What all doors have added: of these senders, and of these holders whoever sent for them. */
  readonly read: (senders: readonly number[], holders: readonly string[]) => Promise<readonly RefusalCount[]>;
  readonly add: (counts: readonly RefusalCount[]) => Promise<unknown>;
}

/** What was refused, by sender and reason: every door adds its own to what the records hold, and any server reads it there. */
export function createRefusals({ here, read, add }: RefusalsOptions) {
  const keyOf = ({ sender, holder, reason }: RefusalCount) => `${sender} ${holder} ${reason}`;
  /** Of `here`: what the records hold of it. */
  const told = new Map<string, RefusalCount>();
  /** Whoever reads finds what is being added in the records or here, and never in both. */
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => undefined); // whoever asked for the work hears of it
    return done;
  }

  function untold(): RefusalCount[] {
    const counts: RefusalCount[] = [];
    for (const now of here()) {
      const before = told.get(keyOf(now)) ?? { samples: 0, batches: 0 };
      const [samples, batches] = [now.samples - before.samples, now.batches - before.batches];
      if (samples > 0 || batches > 0) counts.push({ ...now, samples, batches });
    }
    return counts;
  }

  return {
    save: (): Promise<void> =>
      inTurn(async () => {
        const counts = untold();
        if (counts.length === 0) return;
        await add(counts);
        for (const one of counts) told.set(keyOf(one), plus(told.get(keyOf(one)), one));
      }),
    of: (senders: readonly number[], holders: readonly string[]): Promise<RefusalCount[]> =>
      inTurn(async () => {
        const all = new Map((await read(senders, holders)).map((row) => [keyOf(row), row]));
        for (const one of untold())
          if (one.holder === null ? senders.includes(one.sender) : holders.includes(one.holder))
            all.set(keyOf(one), plus(all.get(keyOf(one)), one));
        return [...all.values()];
      }),
  };
}

function plus(before: RefusalCount | undefined, more: RefusalCount): RefusalCount {
  return {
    ...more,
    samples: more.samples + (before?.samples ?? 0),
    batches: more.batches + (before?.batches ?? 0),
  };
}
