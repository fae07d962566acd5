import { z } from 'zod';

/** Where a backup is written: a folder on the platform's machine that does not exist yet. */
export const newBackup = z.object({ to: z.string().min(1).max(4000) });

/** The backup that is under way, or the last one since the start. */
export const backupProgress = z.object({
  state: z.enum(['none', 'freezing', 'copying', 'done', 'failed']),
  to: z.string().nullable(),
  bytesDone: z.int(),
  bytesTotal: z.int(),
  filesDone: z.int(),
  filesTotal: z.int(),
  /** Why it failed, in the system's words. */
  cause: z.string().nullable(),
});
export type BackupProgress = z.infer<typeof backupProgress>;
