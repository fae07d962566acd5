import { newId, type Site } from '@luban/contracts';
import { expect, test } from 'vitest';
import { pathOf, siteRows } from './site-tree.ts';

const site = (name: string, parent: Site | null = null): Site => ({
  id: newId('site'),
  parent: parent?.id ?? null,
  level: 'area',
  name,
});
const plant = site('Plant');
const hall2 = site('Hall 2', plant);
const hall10 = site('Hall 10', plant);
const line = site('Line', hall2);
const all = [line, hall10, hall2, plant];

test('children stand below their parent, numbers in names in the order of people', () => {
  expect(siteRows(all).map((row) => `${row.depth} ${row.site.name}`)).toEqual([
    '0 Plant',
    '1 Hall 2',
    '2 Line',
    '1 Hall 10',
  ]);
});
test('what is closed hides what is below it', () => {
  expect(siteRows(all, new Set([hall2.id])).map((row) => row.site.name)).toEqual(['Plant', 'Hall 2', 'Hall 10']);
});
test('a place whose parent is unknown stands at the top instead of vanishing', () => {
  expect(siteRows([line]).map((row) => row.depth)).toEqual([0]);
});
test('the path leads from the top down', () => {
  expect(pathOf(all, line.id).map((one) => one.name)).toEqual(['Plant', 'Hall 2', 'Line']);
  expect(pathOf(all, null)).toEqual([]);
});
test('numerals in Chinese names count too', () => {
  const lines = ['三号线', '一号线', '二号线'].map((name) => site(name));
  expect(siteRows(lines).map((row) => row.site.name)).toEqual(['一号线', '二号线', '三号线']);
});
