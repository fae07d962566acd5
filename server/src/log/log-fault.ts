/**
 * Faults of a log that is a cluster. `unavailable`: send again later; `full`: of what no consumer has taken yet;
 * `too-large`: this record fits in no message; `position`: beyond the end, or another server committed; `closed`: the
 * platform stops.
 */
export type LogFaultCode = 'log.unavailable' | 'log.full' | 'log.too-large' | 'log.position' | 'log.closed';

export class LogFault extends Error {
  readonly code: LogFaultCode;

  constructor(code: LogFaultCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'LogFault';
    this.code = code;
  }
}
