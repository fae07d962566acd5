import type { Both } from '../language/language.tsx';

/** A row of a pasted sheet: `line` as the reader counts it, from 1. */
export interface SheetRow {
  line: number;
  cells: string[];
}
/** What is wrong with one row. */
export interface RowError {
  line: number;
  text: Both;
}

/**
 * What a spreadsheet puts on the clipboard: tabs between cells, and quotes around a cell that holds a tab, a quote or
 * a line end. Empty rows are left out; cells lose the space around them.
 */
export function sheetRows(text: string): SheetRow[] {
  const rows: SheetRow[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  const endCell = () => {
    cells.push(cell.trim());
    cell = '';
  };
  const endRow = () => {
    endCell();
    if (cells.some((one) => one !== '')) rows.push({ line, cells });
    cells = [];
    line++;
  };
  const plain = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  for (let i = 0; i < plain.length; i++) {
    const letter = plain[i]!;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (plain[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (letter === '"' && cell === '' && closes(plain, i)) quoted = true;
    else if (letter === '\t') endCell();
    else if (letter === '\n') endRow();
    else cell += letter;
  }
  endRow();
  return rows;
}

/** Whether a quote that opens a cell also closes it; otherwise it is a letter like any other (`"` for inch). */
function closes(text: string, at: number): boolean {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] !== '"') continue;
    if (text[i + 1] === '"') i++;
    else return text[i + 1] === undefined || text[i + 1] === '\t' || text[i + 1] === '\n';
  }
  return false;
}

/** A number as a sheet writes it; null for an empty cell, undefined for what is no number. */
export function sheetNumber(cell: string | undefined): number | null | undefined {
  if (cell === undefined || cell === '') return null;
  const value = Number(cell.replaceAll('−', '-').replace(/(?<=\d),(?=\d{3}(\D|$))/g, ''));
  return Number.isFinite(value) ? value : undefined;
}
