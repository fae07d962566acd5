import { z } from 'zod';
import { idSchema } from './id.ts';
import { givenName } from './text.ts';

export const language = z.enum(['zh', 'en']);
export type Language = z.infer<typeof language>;

/** An IANA zone name that this runtime knows, for example Asia/Shanghai. */
export const timeZone = z.string().refine(
  (zone) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      return true;
    } catch {
      return false; // RangeError is how Intl says that it does not know the zone
    }
  },
  { message: 'must be an IANA time zone, for example Asia/Shanghai' },
);

export const tenant = z.object({ id: idSchema('tenant'), name: givenName, timeZone, language });
export type Tenant = z.infer<typeof tenant>;
