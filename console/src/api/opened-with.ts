import { useState } from 'react';
import type { Tagged } from './api-types.ts';

/**
 * The tag that a form sends as `If-Match`: of the object as the form was opened with it, so that what somebody else
 * saved meanwhile is not overwritten. What the form does not show may have changed.
 */
export function useOpenedWith<T>(
  object: Tagged<T>,
  fields: (object: Tagged<T>) => unknown,
): { etag: string; saved: (as: Tagged<T>) => void } {
  const [opened, saved] = useState(object);
  const same = JSON.stringify(fields(object)) === JSON.stringify(fields(opened));
  return { etag: same ? object.etag : opened.etag, saved };
}
