import { expect, it } from 'vitest';
import { createPasswords } from './passwords.ts';

it('a password hash takes 64 MiB of work, is salted, and knows its password in any Unicode form', async () => {
  const passwords = createPasswords();
  const hash = await passwords.hash('Zürich 鲁班 long');
  expect(hash).toMatch(/^scrypt\$16\$8\$1\$/);
  expect(await passwords.verify('Zu\u0308rich 鲁班 long', hash)).toBe(true);
  expect(await passwords.verify('Zurich 鲁班 long', hash)).toBe(false);
  expect(await passwords.hash('Zürich 鲁班 long')).not.toBe(hash);
});

it('an unknown account costs the same work as a known one and is never right', async () => {
  const passwords = createPasswords();
  const hash = await passwords.hash('a long password');
  const timed = async (against: string | null) => {
    const start = process.cpuUsage();
    expect(await passwords.verify('a wrong password', against)).toBe(false);
    return process.cpuUsage(start).user;
  };
  const [known, unknown] = [await timed(hash), await timed(null)];
  expect(unknown).toBeGreaterThan(known / 4);
});

it('refuses more work when too much waits already, and goes on with what waits', async () => {
  const passwords = createPasswords({ log2N: 10 });
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => passwords.hash('a long password')));
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(18);
  expect(refused[0]).toMatchObject({ reason: { code: 'session.throttled' } });
  expect(await passwords.hash('a long password')).toMatch(/^scrypt/);
});
