/**
 * Whether a write failed because another row has the same unique key. Whoever looks before writing still needs it: of two
 * requests at once both may have looked before either wrote.
 */
export function isTaken(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  // SQLite says it in words of its own for a primary key; PostgreSQL by number, for both.
  return ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', '23505'].includes(String(error.code));
}

/** What the write resolves to; throws `refusal` instead of what the database says of a unique key that is taken. */
export async function unlessTaken<T>(write: Promise<T>, refusal: () => Error): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw isTaken(error) ? refusal() : error;
  }
}
