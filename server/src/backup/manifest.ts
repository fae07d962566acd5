import { isAbsolute, normalize, sep } from 'node:path';
import { z } from 'zod';

/** Version of the backup's own form. */
export const backupFormat = 1;
export const manifestName = 'manifest.json';
/** Beside the manifest: the data directory as it was. */
export const dataName = 'data';

/** A path inside a backup, as no other can be written: relative, with `/`, without `..`. */
const insidePath = z
  .string()
  .min(1)
  .refine(
    (path) => !isAbsolute(path) && !path.includes('\\') && normalize(path) === path && !path.split(sep).includes('..'),
    'must be a path inside the backup',
  );

const file = z.object({
  path: insidePath,
  bytes: z.int().min(0),
  mode: z.int().min(0).max(0o777),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const link = z.object({ path: insidePath, link: z.string().min(1).max(1000) });
export type CopiedFile = z.infer<typeof file>;
export type CopiedLink = z.infer<typeof link>;

/** What a backup holds, so that a restore can prove that it is whole. */
export const manifest = z.object({
  format: z.literal(backupFormat, `this version restores backups of format ${backupFormat}`),
  software: z.string(),
  createdAt: z.iso.datetime(),
  /** Taken while the platform ran, or from a stopped one. */
  running: z.boolean(),
  counts: z.object({
    files: z.int(),
    bytes: z.int(),
    /** Rows by table of the records. */
    records: z.record(z.string(), z.int()),
  }),
  files: z.array(file),
  links: z.array(link),
});
export type Manifest = z.infer<typeof manifest>;
