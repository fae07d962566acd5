import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, migrate } from '../database/database.ts';
import { openTestDatabase } from '../database/records.test-support.ts';
import type { Sealer } from '../sealing.ts';
import { idempotencyMigrations } from './idempotency-migrations.ts';
import { createIdempotencyStore, keptMs } from './idempotency-store.ts';

let close: () => Promise<void>;
let database: Database;
let nowMs: number;
const sealer: Sealer = { seal: (text) => `sealed ${text}`, unseal: (text) => text.slice(7) };
const makeStore = () => createIdempotencyStore({ database, sealer, nowMs: () => nowMs, lines: () => undefined });
const answer = { status: 201, type: 'application/json', body: '{"id":"x"}' };

beforeEach(async () => {
  nowMs = 1_790_000_000_000;
  ({ database, close } = await openTestDatabase());
  await migrate(database, idempotencyMigrations);
});
afterEach(() => close());

async function claimed(store: ReturnType<typeof makeStore>, key = 'k', actor = 'a') {
  const result = await store.claim(actor, key, 'f');
  if (result.state !== 'mine') throw new Error(`the key is ${result.state}`);
  return result.claim;
}

test('a key that was used answers again for a day, and is free after it', async () => {
  const store = makeStore();
  await store.answered(await claimed(store), answer);
  nowMs += keptMs;
  expect(await store.claim('a', 'k', 'f')).toEqual({ state: 'answered', answer });
  expect(await store.claim('a', 'k', 'other')).toEqual({ state: 'other-request' });
  nowMs += 1;
  expect((await store.claim('a', 'k', 'other')).state).toBe('mine');
});

test('of many who claim the same key at once one has it; another actor’s is another key', async () => {
  const store = makeStore();
  const states = await Promise.all(Array.from({ length: 10 }, async () => (await store.claim('a', 'k', 'f')).state));
  expect(states.sort()).toEqual([...Array(9).fill('in-progress'), 'mine']);
  expect((await store.claim('b', 'k', 'f')).state).toBe('mine');
});

test('what a process before this one did not finish is neither repeated nor taken for done', async () => {
  await claimed(makeStore());
  expect((await makeStore().claim('a', 'k', 'f')).state).toBe('interrupted');
});

test('a key that is given back is free at once', async () => {
  const store = makeStore();
  await store.giveBack(await claimed(store));
  expect((await store.claim('a', 'k', 'other')).state).toBe('mine');
});

test('the sweep takes what is older than a day and nothing else', async () => {
  const store = makeStore();
  await store.answered(await claimed(store, 'old'), answer);
  nowMs += keptMs / 2;
  await store.answered(await claimed(store, 'young'), answer);
  nowMs += keptMs / 2 + 1;
  await store.sweep();
  nowMs -= keptMs / 2 + 1;
  expect((await store.claim('a', 'young', 'f')).state).toBe('answered');
  expect((await store.claim('a', 'old', 'f')).state).toBe('mine');
});
