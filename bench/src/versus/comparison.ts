import { type Measure, measure } from '../measures.ts';
import { formatNumber, formatTable, spreadOf } from '../table.ts';

/** One question put to Luban and to others by turns: round i of each is as near in time as it can be. */
export interface Comparison {
  readonly id: string;
  readonly name: { readonly zh: string; readonly en: string };
  readonly unit: string;
  /** What Luban, or this build of it, reached in each round. */
  readonly luban: readonly number[];
  readonly others: readonly Other[];
  readonly aim: string | null;
  readonly notes: readonly string[];
  /** Why the figures do not count. */
  readonly fault: string | null;
}

export interface Other {
  readonly name: string;
  /** In the order of Luban's rounds; or why there are none. */
  readonly rounds: readonly number[] | string;
}

/** Luban's figure divided by the other's, in the same round. */
export function ratios(luban: readonly number[], other: readonly number[]): Measure {
  const pairs = Math.min(luban.length, other.length);
  return measure(Array.from({ length: pairs }, (_, i) => luban[i]! / other[i]!));
}

const headings = [
  ['测量项', 'Row'],
  ['鲁班', 'Luban'],
  ['波动', 'Spread'],
  ['单位', 'Unit'],
  ['对照', 'Beside'],
  ['结果', 'Result'],
  ['波动', 'Spread'],
  ['鲁班/对照', 'Luban ÷ it'],
  ['波动', 'Spread'],
  ['目标', 'Aim'],
] as const;

export function formatComparisons(rows: readonly Comparison[]): string {
  const lines: string[][] = [];
  for (const { name, unit, luban, others, aim, fault } of rows) {
    const own = luban.length === 0 ? null : measure(luban);
    const head = [
      `${name.zh} ${name.en}`,
      fault !== null || own === null ? 'FAILED' : formatNumber(own.median),
      own === null ? '' : spreadOf(own),
      unit,
    ];
    const cells = others.length === 0 ? [['', '', '', '', '']] : others.map((other) => otherCells(luban, other));
    cells.forEach((each, i) => {
      lines.push(i === 0 ? [...head, ...each, aim ?? ''] : ['', '', '', '', ...each, '']);
    });
  }
  const notes = rows.flatMap(({ id, notes: each, fault }) => [
    ...(fault === null ? [] : [`${id}: FAILED: ${fault}`]),
    ...each.map((note) => `${id}: ${note}`),
  ]);
  return [formatTable(headings, [1, 5, 7], lines), '', ...notes].join('\n');
}

function otherCells(luban: readonly number[], { name, rounds }: Other): string[] {
  if (typeof rounds === 'string') return [name, `not available: ${rounds}`, '', '', ''];
  if (rounds.length === 0 || luban.length === 0) return [name, '', '', '', ''];
  const ratio = ratios(luban, rounds);
  const own = measure(rounds);
  return [name, formatNumber(own.median), spreadOf(own), `${formatNumber(ratio.median)} ×`, spreadOf(ratio)];
}
