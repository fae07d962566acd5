import { dayUs } from './rollup-store.ts';

/** A column of the key, and how its values are written as whole numbers. */
interface KeyColumn {
  readonly name: string;
  readonly toNumber: string;
  readonly fromNumber: (number: number) => string;
}

/** How a table of the store is read in a way that does not depend on what has been merged. */
export interface CopiedTable {
  readonly name: string;
  /** As it stands behind FROM. */
  readonly from: string;
  /** What its partitions are of; null: it has only one. */
  readonly time: KeyColumn | null;
  /** Its rows belong to tenants, and are the same wherever these are; false: it is about the platform as a whole. */
  readonly ofTenants: boolean;
  /** Its order, for tables that need more than one piece. */
  readonly key: readonly KeyColumn[];
}

const u32 = (name: string): KeyColumn => ({ name, toNumber: name, fromNumber: String });
const time: KeyColumn = {
  name: 'time',
  toNumber: 'toUnixTimestamp64Micro(time)',
  fromNumber: (us) => `fromUnixTimestamp64Micro(toInt64(${us}))`,
};
const begin: KeyColumn = {
  name: 'begin',
  toNumber: 'toUnixTimestamp(begin)',
  fromNumber: (seconds) => `toDateTime(${Math.min(Math.max(seconds, 0), 0xffff_ffff)}, 'UTC')`,
};
const series = [u32('tenant'), u32('series')];

export const copiedTables: readonly CopiedTable[] = [
  { name: 'samples', from: 'samples FINAL', time, ofTenants: true, key: [...series, time] },
  { name: 'minutes', from: 'minutes FINAL', time: begin, ofTenants: true, key: [...series, begin] },
  { name: 'hours', from: 'hours FINAL', time: begin, ofTenants: true, key: [...series, begin] },
  { name: 'latest', from: 'latest FINAL', time: null, ofTenants: true, key: series },
  { name: 'late_days', from: 'late_days FINAL', time: null, ofTenants: false, key: [] },
  { name: 'rollup_progress', from: 'rollup_progress FINAL', time: null, ofTenants: false, key: [] },
  // Nothing replaces anything here; the same deletion twice is the same deletion.
  { name: 'deletions', from: '(SELECT DISTINCT * FROM deletions)', time: null, ofTenants: true, key: [] },
];

/** The rows of a partition (`20261126`, `202611` or `2026`) by their time: the same on one server and on a cluster. */
export function partitionCondition({ time }: CopiedTable, partition: string): string {
  if (time === null) return '1';
  const [year, month, day] = [partition.slice(0, 4), partition.slice(4, 6), partition.slice(6, 8)].map(Number) as [
    number,
    number,
    number,
  ];
  const start = (y: number, m: number, d: number) => Date.UTC(y, m - 1, d) * 1000;
  const fromUs = start(year, month || 1, day || 1);
  const toUs = day ? fromUs + dayUs : month ? start(year, month + 1, 1) : start(year + 1, 1, 1);
  const unit = time.name === 'begin' ? 1_000_000 : 1;
  return `${time.name} >= ${time.fromNumber(fromUs / unit)} AND ${time.name} < ${time.fromNumber(toUs / unit)}`;
}

/** Where a piece of a table begins and ends, as numbers of its key. */
export type KeyNumbers = readonly number[];

/**
 * The rows whose key is greater than `after` and at most `to`; null: from the first, to the last. Tuples alone do not
 * use the index, so the columns that are the same at both ends are named too.
 */
export function keyCondition({ key }: CopiedTable, after: KeyNumbers | null, to: KeyNumbers | null): string {
  const conditions: string[] = [];
  const tuple = (numbers: KeyNumbers) => key.map((column, i) => column.fromNumber(numbers[i]!)).join(', ');
  const columns = key.map(({ name }) => name).join(', ');
  if (after !== null) conditions.push(`(${columns}) > (${tuple(after)})`);
  if (to !== null) conditions.push(`(${columns}) <= (${tuple(to)})`);
  for (const [i, column] of key.entries()) {
    const [low, high] = [after?.[i], to?.[i]];
    if (low !== undefined) conditions.push(`${column.name} >= ${column.fromNumber(low)}`);
    if (high !== undefined) conditions.push(`${column.name} <= ${column.fromNumber(high)}`);
    if (low === undefined || low !== high) break;
  }
  return conditions.length === 0 ? '1' : conditions.join(' AND ');
}
