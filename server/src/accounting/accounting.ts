import type { DeviceId, EdgeAccount, EdgeId, EdgeReport, ThingAccount, ThingId } from '@luban/contracts';
import type { Log, OffsetStore } from '../log/log.ts';
import type { Database } from '../platform/database/database.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { pause } from '../platform/pause.ts';
import { createAccountingStore, type EdgeBookRow, type RefusalCount } from './accounting-store.ts';
import { acknowledgedOf, type Book, checkBook, nextBook } from './edge-book.ts';
import { type Account, type Holder, ReceivedCounts } from './received-counts.ts';
import { refusalsShown } from './refusal-texts.ts';
import { createRefusals } from './refusals.ts';

export type Accounting = Awaited<ReturnType<typeof createAccounting>>;

interface AccountingOptions {
  database: Database;
  log: Pick<Log, 'first' | 'next' | 'behind' | 'read' | 'waitFor' | 'positionBefore'>;
  consumer: OffsetStore;
  /** Everything below it in the log is in the store. */
  storedPosition: () => number;
  holderOf: (series: number) => Holder;
  /** Another number when series may have other holders. */
  bindings: () => number;
  /** Refused at this server's doors since its start. */
  refusals: () => Iterable<RefusalCount>;
  /** Another server has counted on: this one must not. */
  lost: () => void;
  nowMs: () => number;
  lines: LogLines;
}

interface CountedDevice {
  readonly id: DeviceId;
  readonly name: string;
}

const saveEveryMs = 3000;
const rememberedRecords = 2000;
const readLimit = { records: 512, bytes: 4 << 20 };

/**
 * The books: in = stored + refused + declared as lost, for each edge and device. A consumer of the log with a place of
 * its own, which is saved together with the counts: whatever crashes, each sample counts once. One server counts at a
 * time, and shows the books; every door keeps what it refused.
 */
export async function createAccounting(options: AccountingOptions) {
  const { log, consumer, storedPosition, nowMs, lines } = options;
  const store = createAccountingStore(options.database);
  const refusals = createRefusals({ here: options.refusals, read: store.refusals, add: store.addRefusals });
  let counts = new ReceivedCounts(options.holderOf);
  let books = new Map<string, Book>();
  let changedBooks = new Set<string>();
  /** Counted up to here, and what of it is saved; null: nothing yet. */
  let position = 0;
  let savedPosition: number | null = null;
  let sinceMs = 0;
  let leading = false;
  let counting = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();
  const stopping = new AbortController();
  let keeping: Promise<unknown> = Promise.resolve();
  let saving: Promise<void> = Promise.resolve();
  const reached: (() => void)[] = [];

  /** Takes what is saved, to count on from there. */
  async function load(): Promise<void> {
    const saved = await store.progress();
    counts = new ReceivedCounts(options.holderOf);
    counts.load(await store.accounts());
    books = new Map((await store.books()).map((row) => [row.edge, fromRow(row)]));
    changedBooks = new Set();
    savedPosition = saved?.position ?? null;
    sinceMs = saved?.sinceMs ?? nowMs();
    position = Math.max(saved?.position ?? log.first, log.first);
  }

  /**
   * What is counted and was not in the store yet when the counts were saved, read again to know it as waiting; and the
   * newest records in any case, of which some are about to be sent again.
   */
  async function findWaiting(): Promise<void> {
    if (position > log.next) {
      lines('warn', 'the log ends before what was counted', { counted: position, logEnds: log.next });
      position = log.next;
    }
    const from = Math.min(storedPosition(), await log.positionBefore(position, rememberedRecords));
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

  /** Does `work` again and again until aborted; what fails is tried again. */
  async function every(ms: number, what: string, work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(ms, signal);
      if (signal.aborted) return;
      try {
        await work();
      } catch (error) {
        lines('error', `${what}, trying again`, { cause: errorLine(error) });
      }
    }
  }

  function save(): Promise<void> {
    saving = saving.then(saveNow, saveNow);
    return saving;
  }

  async function saveNow(): Promise<void> {
    counts.bindingsAre(options.bindings());
    const changed = counts.accounts().filter((account) => account.changed);
    const place = { before: savedPosition, position, sinceMs };
    const asNow = changed.map((account): Account => ({ ...account }));
    for (const account of changed) account.changed = false;
    const edges = [...changedBooks];
    changedBooks.clear();
    let saved: boolean;
    try {
      saved = await store.save(
        place,
        asNow,
        edges.map((edge) => toRow(edge, books.get(edge)!)),
      );
    } catch (error) {
      for (const account of changed) account.changed = true;
      for (const edge of edges) changedBooks.add(edge);
      throw error;
    }
    if (!saved) {
      counting.abort();
      options.lost();
      return;
    }
    savedPosition = place.position;
    await consumer.commit(place.position);
  }

  /** Resolves when all that the log holds now is counted. */
  async function caughtUp(): Promise<void> {
    for (const target = log.next; position < target && !counting.signal.aborted; )
      await new Promise<void>((resolve) => {
        const { signal } = counting;
        const end = () => {
          signal.removeEventListener('abort', end);
          resolve();
        };
        reached.push(end);
        signal.addEventListener('abort', end);
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

  function ofDevice({ id, name }: CountedDevice, accounts: readonly Account[], all: readonly RefusalCount[]) {
    const counted = summed(accounts.filter(({ holder }) => holder === id));
    const refused = all.filter(({ holder }) => holder === id).reduce((sum, { samples }) => sum + samples, 0);
    return { device: id, name, ...counted, refused };
  }

  return {
    /** Keeps what is refused here. */
    async start(): Promise<void> {
      keeping = every(saveEveryMs, 'refusals not saved', refusals.save, stopping.signal);
    },
    /** From now on this server counts. */
    async lead(): Promise<void> {
      leading = true;
      counting = new AbortController();
      const { signal } = counting;
      await load();
      await findWaiting();
      loops = Promise.all([run(signal), every(saveEveryMs, 'counts not saved', save, signal)]);
    },
    /** Counts no longer; what it has counted is saved. */
    async letGo(): Promise<void> {
      if (!leading) return;
      counting.abort();
      await loops;
      leading = false;
      await save();
    },
    async stop(): Promise<void> {
      stopping.abort();
      await keeping;
      await refusals.save();
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
    /** An edge has told its side of the book. `late`: at another server, a moment ago. */
    async reported(edge: EdgeId, { book, timeMs }: EdgeReport, late = false): Promise<void> {
      if (book === null || !leading) return;
      await caughtUp();
      const { received, repeated } = summed(accountsOf(edge));
      books.set(edge, nextBook(books.get(edge), { ...book, timeMs, received: received - repeated }, late));
      changedBooks.add(edge);
    },
    async ofEdge(edge: EdgeId, sender: number, devices: readonly CountedDevice[]): Promise<EdgeAccount> {
      const all = await refusals.of(
        [sender],
        devices.map(({ id }) => id),
      );
      const accounts = accountsOf(edge);
      const book = books.get(edge);
      return {
        sinceMs,
        platform: summed(accounts),
        refusals: refusalsShown(all.filter(({ holder }) => holder === null)),
        edge: book === undefined ? null : shownEntry(book),
        check: checkBook(book),
        devices: devices.map((device) => ofDevice(device, accounts, all)),
      };
    },
    /** `sender`: under which it sends by itself. `devices`: those that read points of it. */
    async ofThing(
      thing: ThingId,
      sender: number,
      devices: readonly (CountedDevice & { readonly edge: EdgeId })[],
    ): Promise<ThingAccount> {
      const all = await refusals.of([sender], [thing, ...devices.map(({ id }) => id)]);
      counts.stored(storedPosition());
      const accounts = counts.accounts();
      const own = summed(accounts.filter(({ holder }) => holder === thing));
      // By its own key, and of what an edge sent in its name.
      const mine = all.filter((one) => (one.holder === null ? true : one.holder === thing && one.sender !== sender));
      const refused = mine.reduce((sum, { samples }) => sum + samples, 0);
      return {
        ...own,
        sinceMs,
        arrived: own.received + refused,
        refused,
        refusals: refusalsShown(mine),
        devices: devices.map((device) => ({ ...ofDevice(device, accounts, all), edge: device.edge })),
      };
    },
    /** Whether an edge's book adds up. */
    check: (edge: EdgeId) => checkBook(books.get(edge)),
    /** Of all senders of a tenant. */
    ofTenant(tenantNumber: number) {
      counts.stored(storedPosition());
      return summed(counts.accounts().filter((account) => account.tenantNumber === tenantNumber));
    },
    /** For metrics: how far it is behind; 0 where another server counts. */
    backlogRecords: () => (leading ? log.behind(position) : 0),
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
