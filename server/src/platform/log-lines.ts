/** The platform's own log: one JSON line an event, for operators and collectors. Secrets never come here. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, unknown>;
export type LogLines = (level: LogLevel, event: string, fields?: LogFields) => void;

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export function createLogLines(least: LogLevel, write: (line: string) => void): LogLines {
  const threshold = order.indexOf(least);
  return (level, event, fields = {}) => {
    if (order.indexOf(level) >= threshold)
      write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  };
}

/** An error and what caused it, in one line. */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` ← ${errorLine(error.cause)}`;
  return `${error.message}${cause}`;
}
