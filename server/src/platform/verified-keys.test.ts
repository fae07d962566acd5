import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Refusal } from './errors.ts';
import { createVerifiedKeys } from './verified-keys.ts';

interface Holder {
  readonly name: string;
}
const fresh = 5000;
const hour = 60 * 60_000;

/** Records that hold some keys, may be away, and answer when they are let. */
function records() {
  const state = { there: new Map<string, Holder>([['a', { name: 'A' }]]), asked: 0, away: false, nowMs: 0 };
  let held: Promise<void> | undefined;
  const keys = createVerifiedKeys<Holder>({
    async read(hash) {
      state.asked++;
      const found = state.there.get(hash) ?? null;
      await held;
      if (state.away) throw new Refusal('records.unavailable');
      return found;
    },
    clockMs: () => state.nowMs,
  });
  return {
    state,
    keys,
    holder: (hash: string, remembered = true) => keys.holder(hash, { remembered }),
    /** From now on nothing is answered until the function that it gives is called. */
    hold(): () => void {
      let letGo!: () => void;
      held = new Promise((resolve) => {
        letGo = () => {
          held = undefined;
          resolve();
        };
      });
      return letGo;
    },
  };
}

describe('a key that the records have confirmed', () => {
  test('is not asked for again within five seconds, and then is: what another server has revoked counts no longer', async () => {
    const { state, holder } = records();
    expect(await holder('a')).toEqual({ name: 'A' });
    state.there.clear();
    state.nowMs = fresh - 1;
    expect(await holder('a')).toEqual({ name: 'A' });
    expect(state.asked).toBe(1);
    state.nowMs = fresh;
    expect(await holder('a')).toBeNull();
    state.away = true;
    await expect(holder('a')).rejects.toMatchObject({ code: 'records.unavailable' });
  });

  test('opens for an hour while they are away, where that is asked for, and no key besides', async () => {
    const { state, holder } = records();
    await holder('a');
    state.away = true;
    state.nowMs = hour - 1;
    expect(await holder('a')).toEqual({ name: 'A' });
    await expect(holder('a', false)).rejects.toMatchObject({ code: 'records.unavailable' });
    await expect(holder('b')).rejects.toMatchObject({ code: 'records.unavailable' });
    state.nowMs = hour;
    await expect(holder('a')).rejects.toMatchObject({ code: 'records.unavailable' });
  });

  test('is looked up again within five seconds after they are back', async () => {
    const { state, holder } = records();
    await holder('a');
    state.away = true;
    state.nowMs = 10_000;
    await holder('a');
    expect(state.asked).toBe(2);
    await holder('a');
    expect(state.asked, 'records that were away a moment ago are not asked again').toBe(2);
    state.away = false;
    state.there.clear();
    state.nowMs += fresh;
    expect(await holder('a')).toBeNull();
  });

  test('is asked for once however many come with it at the same time', async () => {
    const { state, holder } = records();
    await Promise.all(Array.from({ length: 20 }, () => holder('a')));
    expect(state.asked).toBe(1);
  });

  test('opens after a second when the records say nothing at all, and then at once', async () => {
    const { state, holder, hold } = records();
    await holder('a');
    const letGo = hold();
    state.nowMs = fresh;
    expect(await holder('a')).toEqual({ name: 'A' });
    const second = await Promise.race([holder('a'), setTimeout(500, 'waits')]);
    expect(second).toEqual({ name: 'A' });
    letGo();
  });
});

describe('a key that is revoked here', () => {
  test('opens nothing from then on, though an answer of before is still under way', async () => {
    const { state, keys, holder, hold } = records();
    const letGo = hold();
    const before = holder('a');
    state.there.clear();
    keys.forget(({ name }) => name === 'A');
    const after = holder('a');
    letGo();
    await before;
    expect(await after).toBeNull();
    expect(await holder('a')).toBeNull();
  });

  test('opens nothing while the records are away', async () => {
    const { state, keys, holder } = records();
    await holder('a');
    keys.forget(({ name }) => name === 'A');
    state.away = true;
    await expect(holder('a')).rejects.toMatchObject({ code: 'records.unavailable' });
  });

  test('opens nothing, though it was revoked while the records kept whoever holds it waiting', async () => {
    const { state, keys, holder, hold } = records();
    await holder('a');
    state.nowMs = fresh;
    const letGo = hold();
    const waiting = holder('a');
    state.there.clear();
    keys.forget(({ name }) => name === 'A');
    state.away = true;
    letGo();
    await expect(waiting).rejects.toMatchObject({ code: 'records.unavailable' });
  });
});

test('after changes went by unheard, the keys that the records still have are kept, and no other', async () => {
  const { state, keys, holder } = records();
  state.there.set('b', { name: 'B' });
  await holder('a');
  await holder('b');
  await keys.recheck(async (hashes) => new Set(hashes.filter((hash) => hash === 'b')));
  state.away = true;
  expect(await holder('b')).toEqual({ name: 'B' });
  await expect(holder('a')).rejects.toMatchObject({ code: 'records.unavailable' });
});

test('no more than 50,000 keys are kept: those that were looked up longest ago make room', async () => {
  const { state, holder } = records();
  for (let i = 0; i <= 50_000; i++) state.there.set(`k${i}`, { name: `K${i}` });
  for (let i = 0; i <= 50_000; i++) await holder(`k${i}`);
  state.away = true;
  await expect(holder('k0')).rejects.toMatchObject({ code: 'records.unavailable' });
  expect(await holder('k1')).toEqual({ name: 'K1' });
  expect(await holder('k50000')).toEqual({ name: 'K50000' });
});
