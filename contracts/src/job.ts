import { z } from 'zod';
import { idSchema } from './id.ts';
import { json } from './sample.ts';
import { localText } from './text.ts';

export const jobKind = z.enum(['delete-readings', 'import-samples']);
export type JobKind = z.infer<typeof jobKind>;
export const jobState = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']);
export type JobState = z.infer<typeof jobState>;

/** Work that takes longer than an answer may wait for. It goes on after a restart of the platform. */
export const job = z.object({
  id: idSchema('job'),
  kind: jobKind,
  state: jobState,
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  createdBy: idSchema('user'),
  /** `total` null: not known yet. */
  progress: z.object({ done: z.number(), total: z.number().nullable() }),
  /** What it was asked to do. */
  detail: json,
  /** What came of it. */
  report: json.nullable(),
  /** Why it failed. */
  cause: z.object({ code: z.string(), text: localText, detail: z.string().optional() }).nullable(),
});
export type Job = z.infer<typeof job>;

/** A row of an imported file that could not be taken. */
export const importError = z.object({
  line: z.int().meta({ description: 'Line of the file; the header is line 1' }),
  column: z.string(),
  text: localText,
});
export type ImportError = z.infer<typeof importError>;
/** The report of an import. Errors: the first hundred. */
export const importReport = z.object({
  rows: z.int(),
  accepted: z.int(),
  points: z.int(),
  errorCount: z.int(),
  errors: z.array(importError),
});
export type ImportReport = z.infer<typeof importReport>;
