import { expect, test } from 'vitest';
import { sheetNumber, sheetRows } from './sheet.ts';

test('rows of a spreadsheet keep the line that the reader counts', () => {
  expect(sheetRows('a\tb\r\n\r\n c \td\n')).toEqual([
    { line: 1, cells: ['a', 'b'] },
    { line: 3, cells: ['c', 'd'] },
  ]);
});

test('a quoted cell may hold tabs, quotes and line ends', () => {
  expect(sheetRows('"a\t""b""\nc"\td')).toEqual([{ line: 1, cells: ['a\t"b"\nc', 'd'] }]);
});

test('a quote that nothing closes is a letter', () => {
  expect(sheetRows('" inch\tx\ny')).toEqual([
    { line: 1, cells: ['" inch', 'x'] },
    { line: 2, cells: ['y'] },
  ]);
});

test('numbers come with thousands separators and typographic minus; an empty cell is none', () => {
  expect([sheetNumber('1,234.5'), sheetNumber('−3'), sheetNumber(''), sheetNumber('1,5'), sheetNumber('x')]).toEqual([
    1234.5,
    -3,
    null,
    undefined,
    undefined,
  ]);
});
