import { expect, test } from 'vitest';
import { type Comparison, formatComparisons, ratios } from './comparison.ts';

const row: Comparison = {
  id: 'bulk',
  name: { zh: '批量', en: 'bulk' },
  unit: 'samples/s',
  luban: [100, 400, 300],
  others: [
    { name: 'Fast', rounds: [100, 200, 100] },
    { name: 'Absent', rounds: 'it is not installed' },
  ],
  aim: '≥ 1 ×',
  notes: ['a note'],
  fault: null,
};

test('a ratio is taken round by round, so that what disturbs one round disturbs both', () => {
  expect(ratios(row.luban, [100, 200, 100])).toMatchObject({ median: 2, least: 1, most: 3 });
});

test('the table shows the ratio with its spread, and why a rival takes no part', () => {
  const table = formatComparisons([row]);
  expect(table).toMatch(/bulk +300 +100 – 400 \(3×\) +samples\/s +Fast +100 .*2\.00 × +1\.00 – 3\.00 \(3×\) +≥ 1 ×/);
  expect(table).toContain('Absent  not available: it is not installed');
  expect(table).toContain('bulk: a note');
});

test('a figure that does not count is not shown', () => {
  const table = formatComparisons([{ ...row, fault: '3 samples are missing' }]);
  expect(table).toContain('FAILED');
  expect(table).toContain('bulk: FAILED: 3 samples are missing');
});
