import type { OffsetStore, SampleLog } from '../../log/log.ts';
import { pause } from '../../platform/pause.ts';
import { createDeletedSamples, rememberedUs } from '../deleted-samples.ts';
import type { KeepFrom } from '../expiry.ts';
import { createKeptSums } from '../kept-sums.ts';
import { createLatestTable } from '../latest-table.ts';
import { createRemovalStore } from '../removal-store.ts';
import { createRollupStore } from '../rollup-store.ts';
import { rollupParts } from '../rollups.ts';
import type { TelemetryEngine } from '../telemetry-engine.ts';
import { TelemetryFault, toTelemetryFault } from '../telemetry-fault.ts';
import { createTelemetryReads, type RollupReads, type TelemetryReads } from '../telemetry-reads.ts';
import { createTelemetryStore } from '../telemetry-store.ts';
import type { FollowedStore } from './followed-store.ts';
import { createHeldSamples, type HeldSamples } from './held-samples.ts';
import { createTailSamples } from './tail-samples.ts';

interface TelemetryFollowerOptions {
  /** Of the same store. */
  readonly engine: TelemetryEngine;
  readonly log: SampleLog;
  /** The place of the server that stores. */
  readonly consumer: Pick<OffsetStore, 'committed' | 'reload'>;
  readonly leader: FollowedStore;
  readonly nowUs: () => number;
  readonly keepFrom: (tenant: number, series: number) => KeepFrom;
  readonly onFault: (fault: TelemetryFault) => void;
}

interface Following {
  readonly held: HeldSamples;
  readonly reads: TelemetryReads;
  /** Something was deleted, or the log has gone on without it: what is held serves the questions under way. */
  readonly over: AbortController;
}

/** After so long without a question nothing is followed any more. */
const idleMs = 600_000;
/** How often the server that stores is asked where it is, also without reads. */
const askEveryMs = 1_000;
/** When it does not answer, it does not store or delete either: what it said last holds on for so long. */
const heardForMs = 60_000;
const catchUpMs = 1_000;
/** What is held serves the questions under way for so long after the end: an export asks once for each series. */
const underWayMs = 60_000;
const pauseMs = 500;
const readLimit = { records: 512, bytes: 4 << 20 };
/** As in the store: beyond it the log is not read on until something is stored. */
const maxRows = 400_000;
const maxTextLength = 64 << 20;

/**
 * Answers reads on a server that stores nothing: history from the same database, what is not stored yet from the log's
 * end. It follows only while somebody asks. What only the server that stores knows is asked of it for each read: where
 * it has come to, and which hours the roll-ups cover.
 */
export function createTelemetryFollower(options: TelemetryFollowerOptions) {
  const { engine, log, consumer, leader, nowUs, keepFrom, onFault } = options;
  const store = createTelemetryStore(engine);
  const keptSums = createKeptSums();
  const rollupStore = createRollupStore(engine, undefined, keptSums);
  const removalStore = createRemovalStore(engine);
  const stopping = new AbortController();
  let following: Following | undefined;
  let running: Promise<void> | undefined;
  let askedMs = 0;
  let told: string | undefined;
  let release: NodeJS.Timeout | undefined;

  const rollups: RollupReads = {
    parts: rollupParts(rollupStore),
    async rawSpans(tenant, series, span) {
      const said = await leader.rawSpans(tenant, [...series], span);
      if (said !== undefined) {
        keptSums.follow(said.sums);
        return said.spans;
      }
      // The samples say all, as far back as they are kept.
      if ([...series].every((one) => keepFrom(tenant, one).samplesUs <= span.fromUs)) return [span];
      throw new TelemetryFault('telemetry.unavailable', 'no server says which sums are up to date');
    },
  };

  async function storeFresh(): Promise<void> {
    if ((await leader.drain()) === undefined)
      throw new TelemetryFault('telemetry.busy', 'samples between stored ones are not stored yet');
  }

  async function begin(): Promise<Following | undefined> {
    const said = await leader.state();
    if (said === undefined || said.deleting) return undefined;
    await engine.start();
    await consumer.reload();
    // The place first: the latest values that are stored cover at least what lies before it.
    const position = consumer.committed;
    const latest = createLatestTable();
    await store.loadLatest((rows) => latest.load(rows));
    const deleted = createDeletedSamples(await removalStore.loadDeletions(nowUs() - rememberedUs));
    const fresh = createTailSamples();
    return {
      held: createHeldSamples({ position, said, latest, fresh, deleted }),
      reads: createTelemetryReads({ store, rollups, fresh, latest, storeFresh }),
      over: new AbortController(),
    };
  }

  async function readOn({ held, over }: Following, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (held.fresh.rows >= maxRows || held.fresh.textLength >= maxTextLength) {
          await pause(pauseMs / 5, signal);
          continue;
        }
        if (log.first > held.read) return over.abort();
        const end = log.next;
        const records = await log.read(held.read, readLimit);
        for (const record of records) held.take(record);
        if (records.length > 0) continue;
        if (end > held.read) held.pass(end);
        await log.waitFor(held.read, signal);
      } catch (error) {
        if (!signal.aborted) tell(error);
        await pause(pauseMs, signal);
      }
    }
  }

  async function watch(mine: Following, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(askEveryMs, signal);
      await hear(mine).catch(tell);
      if (performance.now() - askedMs > idleMs) mine.over.abort();
    }
  }

  /** Where in the log a read that was asked for now has to come to; undefined: what is held is not good any more. */
  async function hear({ held, over }: Following): Promise<number | undefined> {
    const said = await leader.state();
    if (said === undefined) return performance.now() - held.heardMs < heardForMs ? log.next : undefined;
    if (said.deleting || said.deletions !== held.deletions) {
      over.abort();
      return undefined;
    }
    held.heard(said);
    // The log's end too: a door of this server may have acknowledged what the leader has not read yet.
    return Math.max(said.read, said.inserted, log.next);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted && performance.now() - askedMs < idleMs) {
      try {
        const mine = await begin();
        if (mine !== undefined) {
          told = undefined;
          following = mine;
          const signal = AbortSignal.any([stopping.signal, mine.over.signal]);
          await Promise.all([readOn(mine, signal), watch(mine, signal)]);
        }
      } catch (error) {
        tell(error);
      }
      await pause(pauseMs, stopping.signal);
    }
    if (stopping.signal.aborted) release = setTimeout(forget, underWayMs).unref();
    else forget();
  }

  function forget(): void {
    following = undefined;
  }

  /** The same fault once. */
  function tell(error: unknown): void {
    const fault = toTelemetryFault(error);
    if (fault.message !== told) onFault(fault);
    told = fault.message;
  }

  /** For good: this server stores from now on, or stops. Reads under way still end. */
  async function end(): Promise<void> {
    stopping.abort();
    await running;
  }

  return {
    /**
     * True when reads here answer at least what the server that stores would have answered at the call. If not, they are
     * for that one; the follower begins meanwhile.
     */
    async isCurrent(): Promise<boolean> {
      if (stopping.signal.aborted) return false;
      askedMs = performance.now();
      running ??= run().finally(() => {
        running = undefined;
      });
      const mine = following;
      if (mine === undefined || mine.over.signal.aborted) return false;
      const target = await hear(mine);
      return target !== undefined && (await mine.held.reaches(target, catchUpMs)) && !mine.over.signal.aborted;
    },
    /** For a question for which `isCurrent` was true. */
    reads(): TelemetryReads {
      if (following === undefined) throw new TelemetryFault('telemetry.unavailable', 'the store is not followed');
      return following.reads;
    },
    stats: () => ({
      follows: following !== undefined && !stopping.signal.aborted,
      waitingRows: following?.held.fresh.rows ?? 0,
    }),
    end,
    async stop(): Promise<void> {
      await end();
      clearTimeout(release);
      forget();
      await engine.stop();
    },
  };
}
