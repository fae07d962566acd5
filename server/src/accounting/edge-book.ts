import type { EdgeAccount } from '@luban/contracts';

/** A damaged outbox has a little less than it told; another outbox begins with nothing. */
const stillTheSame = 0.5;

/** What both sides say at one moment: `received` is the platform's, without repeated ones; the rest the edge's. */
export interface BookEntry {
  readonly timeMs: number;
  readonly collected: number;
  readonly pending: number;
  readonly refused: number;
  readonly dropped: number;
  readonly unknownLosses: number;
  readonly received: number;
}

/** Both sides at the newest moment, and where the book was begun. */
export interface Book {
  readonly sinceMs: number;
  readonly newest: BookEntry;
  /** What either side had before the book. */
  readonly baseAcknowledged: number;
  readonly baseReceived: number;
  /** Samples that were under way when the book was begun: so far the two sides may lie apart for ever. */
  readonly slack: number;
}

/** The platform counts a little later than the edge told: so much may have come meanwhile. */
const cameMeanwhile = 10_000;

/**
 * The book with the next entry. It is begun with the first entry, and anew when the edge has collected much less than it
 * had: its outbox is another one then. An edge that this platform has heard from the beginning has a book from the beginning.
 * `late`: the edge told it at another server a moment ago, and as much as it collects between two entries may have come since.
 */
export function nextBook(before: Book | undefined, told: BookEntry, late = false): Book {
  const entry = late && before !== undefined ? withoutWhatCameSince(before, told) : told;
  if (before !== undefined && entry.collected >= before.newest.collected * stillTheSame)
    return { ...before, newest: entry };
  const begun = { sinceMs: entry.timeMs, newest: entry };
  if (before === undefined && entry.received >= acknowledgedOf(entry))
    return { ...begun, baseAcknowledged: 0, baseReceived: 0, slack: 0 };
  const slack = entry.pending + cameMeanwhile;
  return { ...begun, baseAcknowledged: acknowledgedOf(entry), baseReceived: entry.received, slack };
}

/** What was received beyond all that the edge had by then came after it, up to what it collects from one entry to the next. */
function withoutWhatCameSince({ newest, baseAcknowledged, baseReceived }: Book, told: BookEntry): BookEntry {
  const hadSent = acknowledgedOf(told) - baseAcknowledged + baseReceived + told.pending;
  const mayHaveCome = Math.max(0, told.collected - newest.collected);
  const beyond = Math.min(Math.max(0, told.received - hadSent), mayHaveCome);
  return { ...told, received: told.received - beyond };
}

/** Whether what the edge holds for acknowledged is what the platform has received. */
export function checkBook(book: Book | undefined): EdgeAccount['check'] {
  if (book === undefined) return { state: 'unknown', difference: 0 };
  const { newest, slack } = book;
  const acknowledged = acknowledgedOf(newest) - book.baseAcknowledged;
  const received = newest.received - book.baseReceived;
  const missing = acknowledged - slack - received;
  if (missing > 0) return { state: newest.unknownLosses > 0 ? 'inexact' : 'missing', difference: missing };
  // Received before the edge knew of it: at most what it still keeps.
  const surplus = received - acknowledged - newest.pending - slack - cameMeanwhile;
  if (surplus > 0) return { state: 'surplus', difference: surplus };
  return { state: 'ok', difference: 0 };
}

/** What the edge has let go because the platform has it. */
export function acknowledgedOf({ collected, pending, refused, dropped }: BookEntry): number {
  return collected - pending - refused - dropped;
}
