import type { LogRecord, OffsetStore, SampleLog } from '../log/log.ts';
import { pause } from '../platform/pause.ts';
import { commitDueInMs } from './commit-pace.ts';
import type { FreshSamples } from './fresh-samples.ts';
import {
  forgetInsertPlan,
  type InsertPlan,
  readInsertPlan,
  setInsertPlanAside,
  writeInsertPlan,
} from './insert-plan.ts';
import type { LatestTable } from './latest-table.ts';
import { createReadProgress } from './read-progress.ts';
import type { SampleBlock } from './sample-block.ts';
import { TelemetryFault, toTelemetryFault } from './telemetry-fault.ts';
import type { TelemetryStore } from './telemetry-store.ts';

export interface TelemetryWriterOptions {
  /** For the plan file. */
  readonly directory: string;
  readonly log: SampleLog;
  readonly consumer: OffsetStore;
  readonly store: TelemetryStore;
  readonly fresh: FreshSamples;
  readonly latest: LatestTable;
  readonly blockRows: number;
  readonly blockAgeMs: number;
  /** Leaves out what was deleted. */
  readonly filter: (record: LogRecord) => LogRecord;
  /** Hears each record before its samples can be seen; after a crash, again those that the log still held. */
  readonly onTaken: (record: LogRecord) => void;
  readonly onRecord: (record: LogRecord) => void;
  /** What else must be durable before the log may forget. */
  readonly beforeCommit: () => Promise<void>;
  readonly onInserted: (block: { from: number; to: number; rows: number }, milliseconds: number) => void;
  readonly onFault: (fault: TelemetryFault) => void;
}

export interface TelemetryWriter {
  /** Everything before it is in the store. */
  readonly inserted: number;
  /** Everything before it was read from the log. */
  readonly read: number;
  /** The fault that inserts meet since `sinceMs` (`performance.now()`), if they do. */
  readonly failing: { readonly fault: TelemetryFault; readonly sinceMs: number } | undefined;
  start(): Promise<void>;
  /** Stops where it is; what is not inserted stays in the log. */
  stop(): Promise<void>;
  /** Resolves when all that the log holds now is inserted; `commit`: and the log may forget it. */
  drain(options: { commit: boolean; signal: AbortSignal }): Promise<void>;
  /**
   * Does `work` between two blocks, when the store holds exactly what the log has before `position` and the offset says
   * so too; nothing is inserted until it is done. Rejects with `telemetry.busy` when no such moment comes before `signal`.
   */
  hold<T>(work: (position: number) => Promise<T>, signal: AbortSignal): Promise<T>;
  /**
   * True once all that the log holds now has been read; false when that takes long: some seconds after a start, when
   * nobody knows the newest values yet, else a moment.
   */
  caughtUp(): Promise<boolean>;
  /** Latest values that have changed become durable. */
  saveLatest(): Promise<void>;
  /** Tries at once instead of waiting out the pause after a failure. */
  retryNow(): void;
}

const startWaitMs = 10_000;
const readWaitMs = 200;
const firstPauseMs = 200;
const maxPauseMs = 5_000;
/** Texts weigh more than numbers: of them a block and the memory hold at most so many characters. */
const blockTextLength = 16 << 20;
const maxFreshTextLength = 64 << 20;
const readLimit = { records: 512, bytes: 4 << 20 };

interface Waiter {
  readonly target: number;
  readonly commit: boolean;
  readonly resolve: () => void;
}

/**
 * Log → fresh samples and latest values at once, then in blocks into the store. Exactly once: the records of a block
 * are written down before its insert, and after any failure or crash the same block is completed, never made anew.
 */
export function createTelemetryWriter(options: TelemetryWriterOptions): TelemetryWriter {
  const { directory, log, consumer, store, fresh, latest, blockRows, blockAgeMs, onFault } = options;
  const maxFreshRows = Math.max(4 * blockRows, 400_000);
  const waiters = new Set<Waiter>();
  let stopping = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();
  let read = createReadProgress(0);
  /** What the log held at the start. */
  let startEnd = 0;
  let inserted = 0;
  let committedAtMs = 0;
  let rowsSinceCommit = 0;
  let replay: InsertPlan | undefined;
  let failing: { fault: TelemetryFault; sinceMs: number } | undefined;
  let wakeInserter: () => void = () => undefined;
  let wakeReader: () => void = () => undefined;
  let attempts = 0;
  let saving: Promise<void> = Promise.resolve();
  const holds = new Set<(position: number) => Promise<void>>();

  async function readLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (fresh.sealed && (fresh.rows >= maxFreshRows || fresh.textLength >= maxFreshTextLength)) {
        await pause(1000, signal, (wake) => (wakeReader = wake));
        continue;
      }
      try {
        skipTrimmed();
        const end = log.next;
        const records = await log.read(read.position, readLimit);
        for (const record of records) take(options.filter(record));
        if (records.length === 0) passDamaged(end);
        if (records.length > 0) wakeInserter();
        else if (!(await log.waitFor(read.position, signal))) await pause(100, signal); // aborted, or the log is closed
      } catch (error) {
        if (signal.aborted) return;
        onFault(toTelemetryFault(error));
        await pause(1000, signal);
      }
    }
  }

  /** A log that has forgotten records which were never stored: say it and go on with what is there. */
  function skipTrimmed(): void {
    if (log.first <= read.position) return;
    onFault(
      new TelemetryFault('telemetry.log-trimmed', `the log lost records ${read.position} to ${log.first - 1} unstored`),
    );
    read.come(log.first);
    inserted = Math.max(inserted, read.position);
    replay = undefined;
  }

  function take(record: LogRecord): void {
    options.onTaken(record);
    latest.apply(record);
    read.come(record.position + 1);
    if (record.position < inserted) return;
    if (replay && record.position >= replay.to) endReplay(replay.to);
    fresh.append(record);
    const full = fresh.open!.rows >= blockRows || fresh.open!.textLength >= blockTextLength;
    if (replay && fresh.open!.from < replay.to ? read.position === replay.to : full) fresh.seal();
    if (replay && read.position >= replay.to) wakeInserter();
    options.onRecord(record);
  }

  /** The log holds positions up to `end` and nothing readable at them; it says itself what it lost. */
  function passDamaged(end: number): void {
    if (end <= read.position) return;
    read.come(end);
    if (replay && end >= replay.to) endReplay(replay.to);
    if (!fresh.open && !fresh.sealed) inserted = Math.max(inserted, end);
    wakeInserter();
  }

  /** The last records of a planned block may be damaged in the log: what is there of the block is all there will be. */
  function endReplay(to: number): void {
    if (fresh.open && fresh.open.from < to) fresh.seal();
    if (!fresh.sealed) replay = undefined;
  }

  async function insertLoop(signal: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      try {
        const block = nextBlock();
        if (block) await insert(block);
        if (mustCommit()) await commit();
        settleWaiters();
        if (holds.size > 0 && attempts === 0 && !replay) await runHolds();
        failing = undefined;
        pauseMs = firstPauseMs;
        if (!block) await pause(idleMs(), signal, (wake) => (wakeInserter = wake));
      } catch (error) {
        if (signal.aborted) return;
        const fault = toTelemetryFault(error);
        if (failing?.fault.message !== fault.message) onFault(fault);
        failing = { fault, sinceMs: failing?.sinceMs ?? performance.now() };
        await pause(pauseMs, signal, (wake) => (wakeInserter = wake));
        pauseMs = Math.min(pauseMs * 2, maxPauseMs);
      }
    }
  }

  /**
   * A plan says that everything before it is stored. It holds where nobody has gone on from the place since: not after
   * store and log were brought back from copies, and not after another server has led.
   */
  async function planToObey(plan: InsertPlan): Promise<InsertPlan | undefined> {
    if (consumer.tenure === undefined) return plan;
    if (plan.tenure !== undefined && consumer.tenure.isLast(plan.tenure)) return plan;
    await setInsertPlanAside(directory);
    const what = `the plan of records ${plan.from} to ${plan.to - 1} in ${directory} is not of this log and store as they are`;
    onFault(new TelemetryFault('telemetry.foreign-plan', `${what}: set aside, stored anew from ${read.position}`));
    return undefined;
  }

  /** In this order: whenever it is cut off, the plan is of whom the place names. */
  async function beginTenure(): Promise<void> {
    if (consumer.tenure === undefined) return;
    await consumer.tenure.begin(replay?.tenure);
    if (replay) replay = { ...replay, tenure: consumer.tenure.own };
    if (replay) await writeInsertPlan(directory, replay);
  }

  function nextBlock(): SampleBlock | undefined {
    const { open } = fresh;
    if (!fresh.sealed && open && !replay) {
      const wanted = [...waiters].some((waiter) => waiter.target > inserted && read.position >= waiter.target);
      if (wanted || performance.now() - open.openedMs >= blockAgeMs) fresh.seal();
    }
    return fresh.sealed;
  }

  function idleMs(): number {
    const untilOld = fresh.open ? fresh.open.openedMs + blockAgeMs - performance.now() : 60_000;
    const untilCommit = inserted > consumer.committed ? commitDue() : 60_000;
    return Math.max(1, Math.min(untilOld, untilCommit));
  }

  async function insert(block: SampleBlock): Promise<void> {
    const startedMs = performance.now();
    // With its arrival: positions begin anew in a new log, and a token of the old one would make the insert vanish.
    const token = `${block.from}-${block.to}-${block.oldestArrivalUs}`;
    // A block that may be there already is compared with the store: a token alone does not do, because ClickHouse
    // notes a token before the rows are in place, and a crash between the two would lose them.
    if (attempts === 0 && !replay) {
      await writeInsertPlan(directory, { from: block.from, to: block.to, tenure: consumer.tenure?.own });
      attempts++;
      await store.insert(block, token);
    } else {
      attempts++;
      await store.complete(block, `${token}-${Date.now()}-${attempts}`);
    }
    attempts = 0;
    replay = undefined;
    fresh.drop();
    rowsSinceCommit += block.rows;
    inserted = fresh.open || fresh.sealed ? block.to : Math.max(block.to, read.position);
    options.onInserted(block, performance.now() - startedMs);
    wakeReader();
  }

  function mustCommit(): boolean {
    if (inserted <= consumer.committed) return false;
    if (commitDue() === 0) return true;
    return [...waiters].some((waiter) => waiter.commit && waiter.target <= inserted);
  }

  function commitDue(): number {
    const ageMs = performance.now() - committedAtMs;
    return commitDueInMs({ ageMs, rows: rowsSinceCommit, changed: latest.changed });
  }

  async function runHolds(): Promise<void> {
    if (inserted > consumer.committed) await commit();
    for (const work of [...holds]) await work(inserted);
  }

  /** Only what the table of latest values covers too may leave the log: a start takes the rest from there. */
  async function commit(): Promise<void> {
    const position = inserted;
    await saveLatest();
    await options.beforeCommit();
    await consumer.commit(position);
    rowsSinceCommit = 0;
    committedAtMs = performance.now();
  }

  /** One at a time: a commit must not pass by what another one has taken and not stored yet. */
  function saveLatest(): Promise<void> {
    const save = saving.then(async () => {
      const changed = latest.takeChanged();
      try {
        if (changed.rows > 0) await store.saveLatest(changed, `${inserted}-${Date.now()}`);
      } catch (error) {
        latest.putBack(changed);
        throw error;
      }
    });
    saving = save.catch(() => undefined);
    return save;
  }

  function settleWaiters(): void {
    for (const waiter of waiters) {
      const reached = waiter.commit ? Math.min(inserted, consumer.committed) : inserted;
      if (reached >= waiter.target) waiter.resolve();
    }
  }

  return {
    get inserted() {
      return inserted;
    },
    get read() {
      return read.position;
    },
    get failing() {
      return failing;
    },
    async start() {
      const plan = await readInsertPlan(directory);
      fresh.clear();
      attempts = 0;
      failing = undefined;
      replay = undefined;
      read = createReadProgress(consumer.committed);
      inserted = read.position;
      startEnd = log.next;
      // A plan beyond the log's end belongs to a log that is gone: forgotten before the new one grows up to it.
      if (plan && plan.to > log.next) await forgetInsertPlan(directory);
      else if (plan && plan.to > read.position) replay = await planToObey(plan);
      if (replay) inserted = Math.max(replay.from, read.position);
      await beginTenure();
      committedAtMs = performance.now();
      rowsSinceCommit = 0;
      stopping = new AbortController();
      loops = Promise.all([readLoop(stopping.signal), insertLoop(stopping.signal)]);
    },
    async stop() {
      stopping.abort();
      await loops;
    },
    drain({ commit, signal }) {
      const target = log.next;
      if ((commit ? consumer.committed : inserted) >= target) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', onAbort);
          settle();
        };
        const onAbort = () =>
          end(() =>
            reject(
              new TelemetryFault('telemetry.busy', 'not all is stored yet', { cause: failing?.fault ?? signal.reason }),
            ),
          );
        const waiter: Waiter = { target, commit, resolve: () => end(resolve) };
        waiters.add(waiter);
        signal.addEventListener('abort', onAbort);
        if (signal.aborted) onAbort();
        else wakeInserter();
      });
    },
    hold(work, signal) {
      return new Promise((resolve, reject) => {
        const tooLate = () => {
          holds.delete(begin);
          reject(new TelemetryFault('telemetry.busy', 'the store does not come to rest', { cause: failing?.fault }));
        };
        const begin = (position: number) => {
          holds.delete(begin);
          signal.removeEventListener('abort', tooLate);
          return work(position).then(resolve, reject);
        };
        holds.add(begin);
        signal.addEventListener('abort', tooLate);
        if (signal.aborted) tooLate();
        else wakeInserter();
      });
    },
    saveLatest,
    caughtUp() {
      const waitMs = read.position < startEnd ? startWaitMs : readWaitMs;
      return read.reaches(log.next, waitMs);
    },
    retryNow() {
      wakeInserter();
    },
  };
}
