import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filterContains, filterForClient, topicFilter, topicFilterFault } from './topic-filter.ts';

const word = fc.constantFrom('a', 'b', '', '$x');
const topics = fc.array(word, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filters = fc
  .tuple(fc.array(fc.oneof(word, fc.constant('+')), { maxLength: 3 }), fc.constantFrom('a', 'b', '', '+', '#'))
  .map(([levels, last]) => [...levels, last].join('/'));

/** Every topic of up to five levels over the words of the filters and one that no filter names. */
const allTopics = (() => {
  const words = ['a', 'b', '', '$x', 'z'];
  let longest = words.map((one) => [one]);
  const all = [...longest];
  for (let levels = 2; levels <= 5; levels++) {
    longest = longest.flatMap((topic) => words.map((one) => [...topic, one]));
    all.push(...longest);
  }
  return all.map((levels) => levels.join('/'));
})();

/** MQTT's rules (4.7) as a regular expression: another way to the same answer. */
function expression(filter: string): RegExp {
  if (filter === '#') return /^(?!\$)[\s\S]*$/;
  const levels = filter.split('/');
  const rest = levels.at(-1) === '#';
  const body = (rest ? levels.slice(0, -1) : levels)
    .map((level) => (level === '+' ? '[^/]*' : level.replaceAll('$', '\\$')))
    .join('/');
  return new RegExp(`^${/^[+#]/.test(filter) ? '(?!\\$)' : ''}${body}${rest ? '(/[\\s\\S]*)?' : ''}$`);
}

test('a filter matches the topics that MQTT says', () => {
  fc.assert(
    fc.property(filters, topics, (filter, topic) => {
      expect(filterContains(filter, topic)).toBe(expression(filter).test(topic));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
  ['sport/#', 'sport', true],
  ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['+/+', '/finance', true],
  ['+', '/finance', false],
  ['#', '$SYS/monitor', false],
  ['+/monitor/Clients', '$SYS/monitor/Clients', false],
  ['a', 'A', false],
])('%s and %s, as in the examples of the specification', (filter, topic, matches) => {
  expect(filterContains(filter, topic)).toBe(matches);
});

test('a filter contains another one exactly when it matches every topic of it', () => {
  fc.assert(
    fc.property(filters, filters, (outer, inner) => {
      const [o, i] = [expression(outer), expression(inner)];
      const stray = allTopics.find((topic) => i.test(topic) && !o.test(topic));
      expect(filterContains(outer, inner), `${outer} ⊇ ${inner}; ${stray}`).toBe(stray === undefined);
    }),
    { numRuns: 2000 },
  );
});

test('%c stands for the client’s identifier, and a client cannot widen a filter by its name', () => {
  expect(filterForClient('c/%c/#', 'mes-1')).toBe('c/mes-1/#');
  expect(filterForClient('c/state', '#')).toBe('c/state');
  expect(filterForClient('c/%c', '$&')).toBe('c/$&');
  for (const name of ['', '#', '+', 'a/b', '\u0000']) expect(filterForClient('c/%c', name)).toBeNull();
  expect(filterForClient('%c/x', '$SYS')).toBeNull();
});

test.each([
  '',
  'a/#/b',
  'a#',
  'a/b+',
  '+a/b',
  '$SYS/#',
  '$share/g/a',
  'luban/v1/batch',
  'luban',
  'a\u0000b',
  'x'.repeat(257),
])('the filter %j is refused with a text in both languages', (filter) => {
  expect(topicFilterFault(filter)).toMatchObject({ zh: expect.any(String), en: expect.any(String) });
  expect(topicFilter.safeParse(filter).success).toBe(false);
});

test.each(['#', '+', 'a', '/a', 'a/', 'a/+/b/#', '工厂/+/状态', 'c/%c/#', 'lubanx/y'])(
  'the filter %j is good',
  (filter) => {
    expect(topicFilterFault(filter)).toBeNull();
  },
);
