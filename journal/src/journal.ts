import { type FileSystem, nodeFileSystem } from './file-system.ts';
import type { Journal, JournalOptions } from './journal-contract.ts';
import { createJournal } from './journal-core.ts';

export type { Consumer, Journal, JournalFault, JournalOptions, JournalRecord, Position } from './journal-contract.ts';
export { JournalError, type JournalErrorCode } from './journal-error.ts';

/**
 * Opens the journal in `directory`, making it where there is none, and repairs what a crash left behind.
 * Rejects with `journal.locked` (open elsewhere), `journal.format` (written by a newer version), `journal.io`.
 */
export async function openJournal(options: JournalOptions, fileSystem: FileSystem = nodeFileSystem): Promise<Journal> {
  return await createJournal(options, fileSystem);
}
