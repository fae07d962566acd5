import { z } from 'zod';
import { localText } from './text.ts';

const days = z.int().min(1).max(36_500).nullable().meta({ description: 'Days; null: for ever' });

/** How long history is kept: the samples, and their sums by minute and by hour. Sums never go before the samples. */
export const retentionPolicy = z
  .object({ sampleDays: days, minuteDays: days, hourDays: days })
  .refine(({ sampleDays, minuteDays }) => !isShorter(minuteDays, sampleDays), {
    path: ['minuteDays'],
    message: 'the sums by minute are kept at least as long as the samples',
  })
  .refine(({ minuteDays, hourDays }) => !isShorter(hourDays, minuteDays), {
    path: ['hourDays'],
    message: 'the sums by hour are kept at least as long as those by minute',
  });
export type RetentionPolicy = z.infer<typeof retentionPolicy>;

function isShorter(one: number | null, other: number | null): boolean {
  return one !== null && (other === null || one < other);
}

/** Where nothing else is said: samples for a year and a month, so that a month can be compared with the last year's. */
export const defaultRetention: RetentionPolicy = { sampleDays: 400, minuteDays: 1830, hourDays: null };

export const retentionScope = z.enum(['tenant', 'model', 'point']);
export type RetentionScope = z.infer<typeof retentionScope>;

/** What a rule is for: everything of the tenant (empty), a thing model (its id), or a point (its series). */
const retentionTarget = z.object({ scope: retentionScope, target: z.string().max(60).default('') });
export const retentionRule = retentionTarget.extend({ policy: retentionPolicy });
export type RetentionRule = z.infer<typeof retentionRule>;
/** Null takes the rule away: the next more general one holds. */
export const retentionChange = retentionTarget.extend({ policy: retentionPolicy.nullable() });

/** What history takes on disk by these rules, from how much came in lately. */
const retentionEstimate = z.object({
  samplesPerDay: z.number(),
  bytesPerSample: z.number(),
  bytesPerDay: z.number(),
  /** When everything that expires has begun to; of what is kept for ever, the first year. */
  bytesInAYear: z.number(),
  /** The same after ten years. */
  bytesInTenYears: z.number(),
});
export type RetentionEstimate = z.infer<typeof retentionEstimate>;

export const retention = z.object({
  /** What holds for everything that no rule is for. */
  default: retentionPolicy,
  /** Most general first; of several the most specific one holds. */
  rules: z.array(retentionRule.extend({ name: localText.nullable() })),
  estimate: retentionEstimate.nullable(),
});
export type Retention = z.infer<typeof retention>;
