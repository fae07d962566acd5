import { z } from 'zod';

/** A text that people see, in both of the product's languages. */
export const localText = z.object({ zh: z.string().min(1).max(500), en: z.string().min(1).max(500) });
export type LocalText = z.infer<typeof localText>;

/** A name that a user gave: one line, shown as it was typed. */
export const givenName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .refine((text) => !hasControlCharacter(text), { message: 'must not contain control characters' });

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 32 || text.charCodeAt(i) === 127) return true;
  return false;
}
