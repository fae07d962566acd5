import { expect, test } from 'vitest';
import { ApiError, unreachable } from './api-error.ts';
import { createUnanswered, randomKey } from './unanswered.ts';

function makeSender() {
  let made = 0;
  const used: string[] = [];
  const once = createUnanswered(() => `key ${++made}`);
  const send = (path: string, body: unknown, failure?: unknown) =>
    once(path, body, async (key) => {
      used.push(key);
      if (failure !== undefined) throw failure;
    }).catch((error: unknown) => expect(error).toBe(failure));
  return { send, used };
}
const refused = (code: string) => new ApiError({ status: 409, code, text: { zh: '', en: '' } });

test('what was not answered is sent again with the same key, until it is answered', async () => {
  const { send, used } = makeSender();
  await send('/sites', { name: 'a' }, unreachable(null));
  await send('/sites', { name: 'a' }, refused('idempotency.in-progress'));
  await send('/sites', { name: 'b' });
  await send('/sites', { name: 'a' });
  await send('/sites', { name: 'a' });
  expect(used).toEqual(['key 1', 'key 1', 'key 2', 'key 1', 'key 3']);
});

test('what was refused is another request when it comes again', async () => {
  const { send, used } = makeSender();
  await send('/sites', {}, refused('sites.in-use'));
  await send('/sites', {});
  expect(used).toEqual(['key 1', 'key 2']);
});

test('a page that is left alone with no platform remembers only the newest', async () => {
  const { send, used } = makeSender();
  for (let i = 0; i < 101; i++) await send('/sites', { i }, unreachable(null));
  await send('/sites', { i: 100 });
  await send('/sites', { i: 0 });
  expect(used.slice(-2)).toEqual(['key 101', 'key 102']);
});

test('keys are long and differ', () => {
  expect(randomKey()).toMatch(/^[\da-f]{32}$/);
  expect(randomKey()).not.toBe(randomKey());
});
