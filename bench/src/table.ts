import type { Measure } from './measures.ts';

/** One line of the result. Numbers are in the row's unit; a smaller limit means that nothing can be better. */
export interface Row {
  readonly id: string;
  readonly name: { readonly zh: string; readonly en: string };
  readonly unit: string;
  readonly result: Measure;
  /** What the machine alone gives for the same work, measured in the same run. */
  readonly limits: readonly Limit[];
  readonly aim: string | null;
  readonly notes: readonly string[];
  /** Why the figure does not count. */
  readonly fault: string | null;
}

export interface Limit {
  readonly name: string;
  readonly result: Measure;
}

const headings = [
  ['测量项', 'Row'],
  ['结果', 'Result'],
  ['波动', 'Spread'],
  ['单位', 'Unit'],
  ['极限', 'Limit'],
  ['结果/极限', 'Result/limit'],
  ['首个目标', 'First aim'],
] as const;

/** Rows as aligned plain text, in both languages. */
export function formatRows(rows: readonly Row[]): string {
  const lines: string[][] = [];
  for (const { name, result, unit, limits, aim, fault } of rows) {
    const [first, ...others] = limits;
    lines.push([
      `${name.zh} ${name.en}`,
      fault === null ? formatNumber(result.median) : 'FAILED',
      spreadOf(result),
      unit,
      ...limitCells(result, first),
      aim ?? '',
    ]);
    for (const other of others) lines.push(['', '', '', '', ...limitCells(result, other), '']);
  }
  const notes = rows.flatMap(({ id, notes: each, fault }) => [
    ...(fault === null ? [] : [`${id}: FAILED: ${fault}`]),
    ...each.map((note) => `${id}: ${note}`),
  ]);
  return [formatTable(headings, [1, 5], lines), '', ...notes].join('\n');
}

/** Lines of cells as aligned columns below headings in both languages; `right`: the columns of numbers. */
export function formatTable(
  headings: readonly (readonly [string, string])[],
  right: readonly number[],
  body: readonly (readonly string[])[],
): string {
  const lines = [headings.map(([zh]) => zh), headings.map(([, en]) => en), ...body];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => width(line[column]!))));
  const text = lines.map((line) =>
    line
      .map((cell, column) => {
        const gap = ' '.repeat(widths[column]! - width(cell));
        return right.includes(column) ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd(),
  );
  text.splice(2, 0, '-'.repeat(widths.reduce((sum, each) => sum + each + 2, -2)));
  return text.join('\n');
}

function limitCells(result: Measure, limit: Limit | undefined): string[] {
  if (limit === undefined) return ['', ''];
  return [
    `${formatNumber(limit.result.median)} ${limit.name}`,
    `${((100 * result.median) / limit.result.median).toFixed(0)} %`,
  ];
}

export function spreadOf({ least, most, count }: Measure): string {
  return count < 2 ? '' : `${formatNumber(least)} – ${formatNumber(most)} (${count}×)`;
}

/** Four digits that mean something, thousands apart. */
export function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

/** Columns that a text takes on a screen: Chinese characters and their signs take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text)
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/.test(character) ? 2 : 1;
  return columns;
}
