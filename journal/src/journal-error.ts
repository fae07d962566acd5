export type JournalErrorCode =
  | 'journal.full'
  | 'journal.io'
  | 'journal.too-large'
  | 'journal.closed'
  | 'journal.locked'
  | 'journal.format'
  | 'journal.position'
  | 'journal.name';

/** Every fault that the journal throws or rejects with; `cause` holds the system's own error where there is one. */
export class JournalError extends Error {
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'JournalError';
    this.code = code;
  }
}

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The system's error code (`ENOENT`, `EIO` …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Names a failed file operation: `journal.full` when there is no space, otherwise `journal.io`. */
export function asJournalError(error: unknown, doing: string): JournalError {
  if (error instanceof JournalError) return error;
  const full = NO_SPACE.has(systemCode(error) ?? '');
  const detail = error instanceof Error ? error.message : String(error);
  return new JournalError(full ? 'journal.full' : 'journal.io', `${doing}: ${detail}`, error);
}
