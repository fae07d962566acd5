import { isIPv6 } from 'node:net';

/** Who tries: the account that is named, and where the request comes from. */
export interface SignInAttempt {
  readonly account: string;
  readonly address: string;
}

interface Failures {
  count: number;
  lastMs: number;
}

/** A plant stands behind one address, so an address may fail more often than an account. */
const freeAccountFailures = 10;
const freeAddressFailures = 50;
const firstWaitMs = 1000;
const longestWaitMs = 15 * 60_000;
/** Failures are forgotten after this long without a new one. */
const forgetMs = 60 * 60_000;
const mostKeys = 50_000;

/** Slows guessing: after the free failures each further one doubles the wait. Kept in memory; a restart forgets. */
export function createSignInThrottle({ now }: { now: () => number }) {
  const failures = new Map<string, Failures>();

  function waitOf(key: string, free: number): number {
    const known = failures.get(key);
    if (known === undefined) return 0;
    const quietMs = now() - known.lastMs;
    if (quietMs >= forgetMs) return 0;
    const wait = known.count < free ? 0 : Math.min(firstWaitMs * 2 ** (known.count - free), longestWaitMs);
    return Math.max(0, wait - quietMs);
  }

  function count(key: string): void {
    const known = failures.get(key);
    const fresh = known === undefined || now() - known.lastMs >= forgetMs;
    failures.delete(key); // so that the map stays in the order of the last failure
    failures.set(key, { count: fresh ? 1 : known.count + 1, lastMs: now() });
    if (failures.size > mostKeys) for (const oldest of failures.keys()) return void failures.delete(oldest);
  }

  return {
    /**
     * Milliseconds to wait; 0 lets the attempt through and counts it as failed at once, so that attempts sent side by
     * side count too. Call `succeeded` when it was not a failure.
     */
    attempt({ account, address }: SignInAttempt): number {
      const waitMs = Math.max(
        waitOf(accountKey(account), freeAccountFailures),
        waitOf(addressKey(address), freeAddressFailures),
      );
      if (waitMs > 0) return waitMs;
      count(accountKey(account));
      count(addressKey(address));
      return 0;
    },
    /** Forgets the account's failures; of the address only this one, or a guesser's own account would clear them all. */
    succeeded({ account, address }: SignInAttempt): void {
      failures.delete(accountKey(account));
      const known = failures.get(addressKey(address));
      if (known !== undefined) known.count--;
    },
  };
}
export type SignInThrottle = ReturnType<typeof createSignInThrottle>;

function accountKey(account: string): string {
  return `account ${account}`;
}

/** Whoever has one IPv6 address has its whole /64. */
function addressKey(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return `address ${address}`;
  const [left = '', right = ''] = address.split('::');
  const groups = left.split(':').filter((group) => group !== '');
  const tail = right.split(':').filter((group) => group !== '');
  while (groups.length + tail.length < 8) groups.push('0');
  return `address ${[...groups, ...tail].slice(0, 4).join(':')}`;
}
