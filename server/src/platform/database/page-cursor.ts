import type { Page, PageQuery } from '@luban/contracts';
import { Refusal } from '../errors.ts';

/** Opaque cursors: the sort key of the last row, as base64url JSON. */
export function encodeCursor(key: string | number): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** Throws Refusal request.invalid for anything that did not come from `encodeCursor`. */
export function decodeCursor<T extends 'string' | 'number'>(
  cursor: string,
  type: T,
): T extends 'string' ? string : number {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (typeof key === type) return key as T extends 'string' ? string : number;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Refusal('request.invalid', 'The cursor is not one that this API gave', [
    { pointer: '/cursor', message: 'unknown cursor' },
  ]);
}

/** `rows` was read with limit + 1: the extra row says that there is a next page. */
export function toPage<R, T>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => string | number,
  toItem: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    next: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
}

/** A page of rows in an order of their ids. `read` gives at most so many that follow the one with this id; null: the first. */
export async function pageById<R extends { readonly id: string }>(
  { cursor, limit }: PageQuery,
  read: (id: string | null, most: number) => Promise<readonly R[]>,
): Promise<Page<R>> {
  const rows = await read(cursor === undefined ? null : decodeCursor(cursor, 'string'), limit + 1);
  return toPage(
    rows,
    limit,
    ({ id }) => id,
    (row) => row,
  );
}

/** A page of a list that is held whole: sorted by `keyOf`, which must differ for each item. */
export function pageOf<T>(items: readonly T[], { cursor, limit }: PageQuery, keyOf: (item: T) => string): Page<T> {
  const after = cursor === undefined ? null : decodeCursor(cursor, 'string');
  const keyed = items.map((item) => ({ key: keyOf(item), item })).filter(({ key }) => after === null || key > after);
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  return toPage(
    keyed,
    limit,
    ({ key }) => key,
    ({ item }) => item,
  );
}
