import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRows } from './csv-rows.ts';

async function* inChunks(text: string, size: number) {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
}
async function rows(text: string, size = 7) {
  const all = [];
  for await (const row of csvRows(inChunks(text, size))) all.push(row);
  return all;
}

test('any cells come back, wherever the pieces of the file end', async () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('"', ',', '\n', 'a"b', '', '鲁班'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (table, size) => {
        const clean = table.map((cells) => cells.map((one) => one.replaceAll('\r', '')));
        const text = clean
          .map((cells) => `${cells.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')}\r\n`)
          .join('');
        expect((await rows(text, size)).map(({ cells }) => cells)).toEqual(clean);
      },
    ),
  );
});

test('each row knows its line, past quoted line ends and empty lines; the last needs no line end', async () => {
  expect(await rows('\ufeffa,b\n1,"x\ny"\n\n2,z')).toEqual([
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['1', 'x\ny'] },
    { line: 5, cells: ['2', 'z'] },
  ]);
});

test('a quote that is never closed is said where it was opened', async () => {
  await expect(rows('a,b\n1,"x\n2,y\n')).rejects.toMatchObject({ line: 2 });
});
