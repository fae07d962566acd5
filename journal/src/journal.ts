import { type DirectoryLock, lockDirectory as lock } from './directory-lock.ts';
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

/**
 * Keeps a second process (or a second call) out of a directory that exists, until `release`. A process that dies leaves
 * nothing behind that would keep others out. Rejects with `journal.locked`, whose message names the other process.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  return await lock(nodeFileSystem, directory);
}
