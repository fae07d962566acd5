import { seriesList } from '@luban/contracts';
import { z } from 'zod';
import { type ErrorCode, Refusal } from '../platform/errors.ts';
import { TelemetryFault } from '../telemetry/telemetry.ts';

const micros = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ description: 'µs since 1970 UTC' });
/** What every question for history names. */
export const span = z.object({ series: seriesList, from: micros, to: micros });

/** Readings come from the store, thousands at a time: their schema documents them, plain JSON writes them. */
export const plainJson = () => JSON.stringify;

export function checkSpan({ from, to }: { from: number; to: number }): void {
  if (to <= from)
    throw new Refusal('request.invalid', '`to` must be after `from`', [
      { pointer: '/to', message: 'must be after from' },
    ]);
}

const faultCodes: Partial<Record<TelemetryFault['code'], ErrorCode>> = {
  'telemetry.too-much': 'readings.too-much',
  'telemetry.refused': 'request.invalid',
  'telemetry.damaged': 'readings.damaged',
};

/** A fault of the store in the API's words. */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof TelemetryFault)) throw error;
    throw new Refusal(faultCodes[error.code] ?? 'readings.unavailable', error.message);
  }
}
