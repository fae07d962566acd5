/** One record of a CSV file (RFC 4180): its cells, and the line that it begins in, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A record longer than this is no record: a quote was never closed. */
const maxRowLength = 1 << 20;

/** Throws CsvError for a quote that is never closed. A byte order mark, CR before LF and empty lines are passed over. */
export async function* csvRows(chunks: AsyncIterable<string>): AsyncGenerator<CsvRow> {
  let line = 1;
  let startLine = 1;
  let cells: string[] = [];
  let cell = '';
  let length = 0;
  let quoted = false;
  /** A quote inside quotes: the end of them, or half of a doubled one. */
  let quoteSeen = false;
  let first = true;
  for await (const chunk of chunks) {
    const text: string = first && chunk.startsWith('\ufeff') ? chunk.slice(1) : chunk;
    first = false;
    for (const char of text) {
      if (++length > maxRowLength) throw new CsvError(startLine, 'a quoted cell does not end');
      if (quoted) {
        if (quoteSeen) {
          quoteSeen = false;
          if (char === '"') {
            cell += '"';
            continue;
          }
          quoted = false;
        } else if (char === '"') {
          quoteSeen = true;
          continue;
        } else {
          if (char === '\n') line++;
          cell += char;
          continue;
        }
      }
      if (char === '"' && cell === '') quoted = true;
      else if (char === ',') {
        cells.push(cell);
        cell = '';
      } else if (char === '\n') {
        if (cells.length > 0 || cell.trim() !== '') yield { line: startLine, cells: [...cells, cell] };
        cells = [];
        cell = '';
        length = 0;
        startLine = ++line;
      } else if (char !== '\r') cell += char;
    }
  }
  if (quoted && !quoteSeen) throw new CsvError(startLine, 'a quoted cell does not end');
  if (cells.length > 0 || cell.trim() !== '') yield { line: startLine, cells: [...cells, cell] };
}

export class CsvError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}
