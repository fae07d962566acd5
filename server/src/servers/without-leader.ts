import { setTimeout } from 'node:timers/promises';
import type { Database } from '../platform/database/database.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { writerDuty } from './leadership.ts';
import { type LeaseTiming, LeaseWatch, leaseTiming } from './lease-watch.ts';
import { createLeasesStore } from './leases-store.ts';

interface WithoutLeaderOptions {
  readonly database: Database;
  /** Who keeps the lease: the same after a crash, so that it need not wait for itself. */
  readonly holder: string;
  readonly timing?: LeaseTiming;
}

/**
 * Does `work` while no server stores, keeps the books or answers: the lease of the one that leads is held here. `held`
 * throws once that is not certain any more. Throws StartRefusal where a server leads.
 */
export async function withoutLeader<Result>(
  { database, holder, timing = leaseTiming }: WithoutLeaderOptions,
  work: (held: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const store = createLeasesStore(database);
  const term = await take();

  async function take(): Promise<number> {
    const watch = new LeaseWatch(timing);
    const first = await store.lease(writerDuty);
    for (let lease = first; ; lease = await store.lease(writerDuty)) {
      if (lease?.server === holder || watch.mayTake(lease, performance.now())) {
        const taken = await store.take(writerDuty, holder, lease);
        if (taken === null) throw leads();
        return taken;
      }
      if (lease?.beat !== first?.beat) throw leads();
      await setTimeout(timing.beatEveryMs / 4);
    }
  }

  async function held(): Promise<void> {
    if (!(await store.renew(writerDuty, holder, term))) throw leads();
  }

  let lost: unknown;
  const renewing = setInterval(() => {
    held().catch((error: unknown) => {
      lost = error;
    });
  }, timing.beatEveryMs);
  try {
    return await work(async () => {
      if (lost instanceof StartRefusal) throw lost;
      await held();
    });
  } finally {
    clearInterval(renewing);
    await store.giveBack(writerDuty, holder, term);
  }
}

function leads(): StartRefusal {
  return new StartRefusal({
    zh: '目标平台有服务器正在写入；请先停止所有具有 api,writer 角色的服务器（仅接入的服务器可继续运行），再运行同一条命令',
    en: 'A server of the target platform leads. Stop every server with the roles api,writer (those that are doors only may go on), then run the same command again',
  });
}
