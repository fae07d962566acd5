/**
 * Every fault of the telemetry store. `unavailable` and `busy` may be tried again, `too-much` needs a
 * smaller question, `damaged`: a file of the store is not as it was written, which only a backup mends;
 * `foreign-plan`: what was kept of an insert belongs to another store or time, and was not followed.
 */
export type TelemetryFaultCode =
  | 'telemetry.unavailable'
  | 'telemetry.busy'
  | 'telemetry.too-much'
  | 'telemetry.refused'
  | 'telemetry.damaged'
  | 'telemetry.log-trimmed'
  | 'telemetry.foreign-plan';

export class TelemetryFault extends Error {
  readonly code: TelemetryFaultCode;

  constructor(code: TelemetryFaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TelemetryFault';
    this.code = code;
  }
}

export function toTelemetryFault(error: unknown): TelemetryFault {
  if (error instanceof TelemetryFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TelemetryFault('telemetry.unavailable', message, { cause: error });
}
