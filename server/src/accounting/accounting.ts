import type { DeviceId, EdgeAccount, EdgeId, EdgeReport } from '@luban/contracts';
import type { Log, OffsetStore } from '../log/log.ts';
import type { Database } from '../platform/database/database.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { createAccountingStore, type EdgeBookRow } from './accounting-store.ts';
import { acknowledgedOf, type Book, checkBook, nextBook } from './edge-book.ts';
import { type Account, type Holder, ReceivedCounts } from './received-counts.ts';

export type Accounting = Awaited<ReturnType<typeof createAccounting>>;

interface AccountingOptions {
  database: Database;
  log: Pick<Log, 'first' | 'next' | 'read' | 'waitFor'>;
  consumer: OffsetStore;
  /** Everything below it in the log is in the store. */
  storedPosition: () => number;
  holderOf: (series: number) => Holder;
  /** Samples and batches refused since the start, by the sender's number and the reason. */
  refusals: () => Iterable<{ sender: number; reason: string; samples: number; batches: number }>;
  nowMs: () => number;
  lines: LogLines;
}

const saveEveryMs = 3000;
const rememberedRecords = 2000;
const readLimit = { records: 512, bytes: 4 << 20 };

/**
 * The books: in = stored + refused + declared as lost, for each edge and device. A consumer of the log with a place of
 * its own, which is saved together with the counts: whatever crashes, each sample counts once.
 */
export async function createAccounting(options: AccountingOptions) {
  const { log, consumer, storedPosition, nowMs, lines } = options;
  const store = createAccountingStore(options.database);
  const saved = await store.progress();
  const sinceMs = saved?.sinceMs ?? nowMs();
  const counts = new ReceivedCounts(options.holderOf);
  counts.load(await store.accounts());
  const refusedBefore = new Map((await store.refusals()).map((row) => [`${row.sender} ${row.reason}`, row]));
  const books = new Map<string, Book>((await store.books()).map((row) => [row.edge, fromRow(row)]));
  const changedBooks = new Set<string>();
  const stopping = new AbortController();
  let position = Math.max(saved?.position ?? log.first, log.first);
  let loop: Promise<unknown> = Promise.resolve();
  let saving: Promise<void> = Promise.resolve();
  const reached: (() => void)[] = [];

  /**
   * What is counted and was not in the store yet when the counts were saved, read again to know it as waiting; and the
   * newest records in any case, of which some are about to be sent again.
   */
  async function findWaiting(): Promise<void> {
    if (position > log.next) {
      lines('warn', 'the log ends before what was counted', { counted: position, logEnds: log.next });
      position = log.next;
    }
    const from = Math.min(storedPosition(), position - rememberedRecords);
    for (let at = Math.max(log.first, from); at < position; ) {
      const records = (await log.read(at, readLimit)).filter((record) => record.position < position);
      if (records.length === 0) return;
      counts.take(records, false);
      at = records[records.length - 1]!.position + 1;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const end = log.next;
        const records = await log.read(position, readLimit);
        // Nothing is awaited between the counts and the place: whoever saves them finds the two as one.
        counts.take(records, true);
        position = records.length > 0 ? records[records.length - 1]!.position + 1 : end;
        for (const tell of reached.splice(0)) tell();
        if (records.length === 0) await log.waitFor(position, signal);
      } catch (error) {
        if (signal.aborted) return;
        lines('error', 'samples not counted, trying again', { cause: errorLine(error) });
        await pause(1000, signal);
      }
    }
  }

  async function saveAgainAndAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(saveEveryMs, signal);
      try {
        await save();
      } catch (error) {
        lines('error', 'counts not saved, trying again', { cause: errorLine(error) });
      }
    }
  }

  function save(): Promise<void> {
    saving = saving.then(saveNow, saveNow);
    return saving;
  }

  async function saveNow(): Promise<void> {
    counts.forgetHolders();
    const changed = counts.accounts().filter((account) => account.changed);
    const place = { position, sinceMs };
    const asNow = changed.map((account): Account => ({ ...account }));
    for (const account of changed) account.changed = false;
    const refusals = refusalsNow().filter(({ sender, reason, batches }) => {
      return refusedBefore.get(`${sender} ${reason}`)?.batches !== batches;
    });
    const edges = [...changedBooks];
    changedBooks.clear();
    try {
      await store.save(
        place,
        asNow,
        refusals,
        edges.map((edge) => toRow(edge, books.get(edge)!)),
      );
    } catch (error) {
      for (const account of changed) account.changed = true;
      for (const edge of edges) changedBooks.add(edge);
      throw error;
    }
    await consumer.commit(place.position);
  }

  function refusalsNow() {
    const all = new Map(refusedBefore);
    for (const { sender, reason, samples, batches } of options.refusals()) {
      const before = refusedBefore.get(`${sender} ${reason}`);
      all.set(`${sender} ${reason}`, {
        sender,
        reason,
        samples: samples + (before?.samples ?? 0),
        batches: batches + (before?.batches ?? 0),
      });
    }
    return [...all.values()];
  }

  /** Resolves when all that the log holds now is counted. */
  async function caughtUp(): Promise<void> {
    for (const target = log.next; position < target && !stopping.signal.aborted; )
      await new Promise<void>((resolve) => {
        reached.push(resolve);
        stopping.signal.addEventListener('abort', () => resolve(), { once: true });
      });
  }

  function summed(accounts: readonly Account[]) {
    const sum = { received: 0, repeated: 0, waiting: 0 };
    for (const { received, repeated, waiting } of accounts) {
      sum.received += received;
      sum.repeated += repeated;
      sum.waiting += Math.min(waiting, received);
    }
    return { ...sum, stored: sum.received - sum.waiting };
  }

  function accountsOf(edge: string): Account[] {
    counts.stored(storedPosition());
    return counts.accounts().filter((account) => account.edge === edge);
  }

  return {
    async start(): Promise<void> {
      await findWaiting();
      loop = Promise.all([run(stopping.signal), saveAgainAndAgain(stopping.signal)]);
    },
    async stop(): Promise<void> {
      stopping.abort();
      await loop;
      await save();
    },
    /** Does `work` while the saved counts stay as they are: those of this moment. */
    hold<T>(work: () => Promise<T>): Promise<T> {
      const done = save().then(work);
      saving = done.then(
        () => undefined,
        () => undefined, // whoever asked for the work hears of it
      );
      return done;
    },
    /** An edge has told its side of the book. */
    async reported(edge: EdgeId, { book, timeMs }: EdgeReport): Promise<void> {
      if (book === null) return;
      await caughtUp();
      const { received, repeated } = summed(accountsOf(edge));
      books.set(edge, nextBook(books.get(edge), { ...book, timeMs, received: received - repeated }));
      changedBooks.add(edge);
    },
    ofEdge(edge: EdgeId, sender: number, devices: readonly { id: DeviceId; name: string }[]): EdgeAccount {
      const accounts = accountsOf(edge);
      const book = books.get(edge);
      return {
        sinceMs,
        platform: summed(accounts),
        refusals: refusalsNow()
          .filter((row) => row.sender === sender)
          .map(({ reason, samples, batches }) => ({ reason, samples, batches })),
        edge: book === undefined ? null : shownEntry(book),
        check: checkBook(book),
        devices: devices.map(({ id, name }) => ({
          device: id,
          name,
          ...summed(accounts.filter(({ holder }) => holder === id)),
        })),
      };
    },
    /** Whether an edge's book adds up. */
    check: (edge: EdgeId) => checkBook(books.get(edge)),
    /** Of all senders of a tenant. */
    ofTenant(tenantNumber: number) {
      counts.stored(storedPosition());
      return summed(counts.accounts().filter((account) => account.tenantNumber === tenantNumber));
    },
    /** For metrics: how far it is behind. */
    backlogRecords: () => log.next - position,
  };
}

function shownEntry({ newest }: Book): NonNullable<EdgeAccount['edge']> {
  const { timeMs, collected, pending, refused, dropped, unknownLosses } = newest;
  const acknowledged = acknowledgedOf(newest);
  return { timeMs, collected, acknowledged, refused, dropped, unknownLosses, backlog: pending };
}

function toRow(edge: string, { sinceMs, newest, baseAcknowledged, baseReceived, slack }: Book): EdgeBookRow {
  return {
    edge,
    time_ms: newest.timeMs,
    since_ms: sinceMs,
    collected: newest.collected,
    pending: newest.pending,
    refused: newest.refused,
    dropped: newest.dropped,
    unknown_losses: newest.unknownLosses,
    received: newest.received,
    base_acknowledged: baseAcknowledged,
    base_received: baseReceived,
    slack,
  };
}

function fromRow(row: EdgeBookRow): Book {
  return {
    sinceMs: row.since_ms,
    newest: {
      timeMs: row.time_ms,
      collected: row.collected,
      pending: row.pending,
      refused: row.refused,
      dropped: row.dropped,
      unknownLosses: row.unknown_losses,
      received: row.received,
    },
    baseAcknowledged: row.base_acknowledged,
    baseReceived: row.base_received,
    slack: row.slack,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
