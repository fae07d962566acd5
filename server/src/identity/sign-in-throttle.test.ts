import { expect, it } from 'vitest';
import { createSignInThrottle } from './sign-in-throttle.ts';

function createSlowed() {
  const clock = { ms: 0 };
  return { clock, throttle: createSignInThrottle({ now: () => clock.ms }) };
}

it('an address that tries many accounts has to wait, whichever address of its IPv6 network it takes', () => {
  const { throttle } = createSlowed();
  for (let i = 0; i < 50; i++)
    expect(throttle.attempt({ account: `a${i}`, address: `2001:db8:0:1::${(i + 1).toString(16)}` })).toBe(0);
  expect(throttle.attempt({ account: 'fresh', address: '2001:db8::1:ffff:0:0:1' })).toBeGreaterThan(0);
  expect(throttle.attempt({ account: 'fresh', address: '2001:db8:0:2::1' })).toBe(0);
});

it('many people who sign in rightly from one address never wait', () => {
  const { throttle } = createSlowed();
  for (let i = 0; i < 500; i++) {
    const attempt = { account: `a${i}`, address: '203.0.113.5' };
    expect(throttle.attempt(attempt)).toBe(0);
    throttle.succeeded(attempt);
  }
});

it('the wait doubles up to a quarter of an hour, and an hour of quiet forgets', () => {
  const { clock, throttle } = createSlowed();
  const attempt = { account: 'a', address: '203.0.113.5' };
  const waits: number[] = [];
  for (let i = 0; i < 25; i++) {
    throttle.attempt(attempt);
    const waitMs = throttle.attempt({ ...attempt, address: '203.0.113.6' });
    if (waitMs > 0) waits.push(waitMs);
    clock.ms += waitMs;
  }
  expect(waits.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(Math.max(...waits)).toBe(900_000);
  clock.ms += 3_600_000;
  expect(throttle.attempt(attempt)).toBe(0);
  expect(throttle.attempt(attempt)).toBe(0);
});
