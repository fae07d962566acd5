import { expect, test } from 'vitest';
import { maxJsonDepth, parseJson } from './json.ts';

test('JSON nested as deep as allowed is parsed, one level more is refused', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  expect(() => parseJson(nested(maxJsonDepth))).not.toThrow();
  expect(() => parseJson(nested(maxJsonDepth + 1))).toThrow('nested deeper');
  expect(() => parseJson(nested(100_000))).toThrow('nested deeper');
});
test('brackets within texts do not count, whatever is escaped there', () => {
  expect(parseJson(JSON.stringify({ text: `${'['.repeat(1000)}"\\` }))).toEqual({ text: `${'['.repeat(1000)}"\\` });
});
