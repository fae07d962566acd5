import { describe, expect, it } from 'vitest';
import { createBackoff, pause } from './retry.ts';

describe('trying again', () => {
  it('doubles the pause up to its limit, with up to half of it by chance, and starts over after success', () => {
    const least = createBackoff({ firstMs: 250, maxMs: 30_000, random: () => 0 });
    const most = createBackoff({ firstMs: 250, maxMs: 30_000, random: () => 1 });
    expect(Array.from({ length: 9 }, () => least.nextMs())).toEqual([
      125, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000,
    ]);
    expect(Array.from({ length: 9 }, () => most.nextMs()).at(-1)).toBe(30_000);
    most.reset();
    expect(most.nextMs()).toBe(250);
  });

  it('ends a pause at once when it is aborted', async () => {
    const ending = new AbortController();
    const begin = performance.now();
    setTimeout(() => ending.abort(), 10);
    await pause(60_000, ending.signal);
    await pause(60_000, ending.signal);
    expect(performance.now() - begin).toBeLessThan(30_000);
  });
});
