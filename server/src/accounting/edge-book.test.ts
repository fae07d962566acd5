import { expect, test } from 'vitest';
import { acknowledgedOf, type BookEntry, checkBook, nextBook } from './edge-book.ts';

const entry = (change: Partial<BookEntry>): BookEntry => ({
  timeMs: 1000,
  collected: 0,
  pending: 0,
  refused: 0,
  dropped: 0,
  unknownLosses: 0,
  received: 0,
  ...change,
});

test('what the edge let go and the platform never had is missing, to the sample', () => {
  let book = nextBook(undefined, entry({ collected: 100, pending: 40, received: 60 }));
  expect(checkBook(book)).toEqual({ state: 'ok', difference: 0 });
  book = nextBook(book, entry({ collected: 1000, pending: 100, refused: 50, dropped: 150, received: 700 }));
  expect(acknowledgedOf(book.newest)).toBe(700);
  expect(checkBook(book)).toEqual({ state: 'ok', difference: 0 });
  book = nextBook(book, entry({ collected: 1000, refused: 50, dropped: 150, received: 799 }));
  expect(checkBook(book)).toEqual({ state: 'missing', difference: 1 });
});

test('what is under way when the edge tells is no fault: the platform may have it already', () => {
  const book = nextBook(undefined, entry({ collected: 100, pending: 90, received: 95 }));
  expect(checkBook(book)).toEqual({ state: 'ok', difference: 0 });
});

test('an edge that was there before the counts has a book from now on', () => {
  let book = nextBook(undefined, entry({ collected: 9_000_000, pending: 10, received: 500 }));
  expect(checkBook(book)).toEqual({ state: 'ok', difference: 0 });
  book = nextBook(book, entry({ collected: 9_100_000, received: 100_510 }));
  expect(checkBook(book)).toEqual({ state: 'ok', difference: 0 });
  book = nextBook(book, entry({ collected: 9_200_000, received: 150_000 }));
  expect(checkBook(book).state).toBe('missing');
});

test('an edge with a new outbox begins a new book', () => {
  let book = nextBook(undefined, entry({ collected: 500_000, received: 500_000 }));
  book = nextBook(book, entry({ collected: 20, received: 500_020 }));
  expect(book.baseReceived).toBe(500_020);
  book = nextBook(book, entry({ collected: 90_000, received: 590_000 }));
  expect(checkBook(book)).toEqual({ state: 'ok', difference: 0 });
});

test('losses of unknown size are said to be that, and an edge that tells nothing is not judged', () => {
  let book = nextBook(undefined, entry({ collected: 10, received: 10 }));
  book = nextBook(book, entry({ collected: 100, unknownLosses: 1, received: 60 }));
  expect(checkBook(book)).toEqual({ state: 'inexact', difference: 40 });
  expect(checkBook(undefined)).toEqual({ state: 'unknown', difference: 0 });
});

test('more than the edge ever sent is seen', () => {
  const book = nextBook(undefined, entry({ collected: 100, received: 50_000 }));
  expect(checkBook(book).state).toBe('surplus');
});

test('what came since an edge told its book at another server is no surplus, and what is too much stays one', () => {
  let book = nextBook(undefined, entry({ collected: 1_000_000, received: 1_000_000 }));
  book = nextBook(book, entry({ collected: 1_200_000, received: 1_300_000 }), true);
  expect(checkBook(book)).toEqual({ state: 'ok', difference: 0 });
  book = nextBook(book, entry({ collected: 1_400_000, received: 1_700_000 }), true);
  expect(checkBook(book)).toEqual({ state: 'surplus', difference: 90_000 });
});
