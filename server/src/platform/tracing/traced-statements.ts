import type { Logger } from 'kysely';
import { errorLine } from '../log-lines.ts';
import type { Tracing } from './tracing.ts';

const maxTextLength = 1000;

/** A span of each statement on the records that belongs to a trace: its text with placeholders, never the values. */
export function traceStatements(tracing: Tracing): Logger {
  return (event) => {
    if (tracing.current() === undefined) return;
    const { sql } = event.query;
    const verb = /^[a-z]+/i.exec(sql)?.[0].toLowerCase() ?? 'statement';
    const failure = event.level === 'error' ? errorLine(event.error) : null;
    const text = { 'db.query.text': sql.slice(0, maxTextLength) };
    tracing.past(`records ${verb}`, 'client', text, event.queryDurationMillis, failure);
  };
}
