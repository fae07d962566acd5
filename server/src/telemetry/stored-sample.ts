import { type Json, type SampleValue, statusKind } from '@luban/contracts';

/** A sample as it is kept. Times in µs since 1970 UTC; arrival is kept to the millisecond. */
export interface StoredSample {
  readonly timeUs: number;
  readonly arrivalUs: number;
  readonly value: SampleValue;
  readonly status: number;
}

/**
 * The time by which samples of a series count as newer: a source clock that is ahead would otherwise hide everything that
 * comes after it was set right.
 */
export function countsFromUs(timeUs: number, arrivalUs: number): number {
  return Math.min(timeUs, arrivalUs);
}

/** The columns of a sample → its value: strings and JSON live in `text`, everything else in `number`. */
export function storedValue(status: number, number: number, text: string): SampleValue {
  switch (statusKind(status)) {
    case 'number':
      return number;
    case 'boolean':
      return number !== 0;
    case 'string':
      return text;
    case 'json':
      return JSON.parse(text) as Json;
    case 'none':
      return null;
  }
}
