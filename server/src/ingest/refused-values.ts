import { idSchema, type PageOfServers, type RefusedKey, refusedKey, type ThingId } from '@luban/contracts';
import { z } from 'zod';
import type { LogLines } from '../platform/log-lines.ts';
import type { AllDoors } from './all-doors.ts';

/** A value that a device sent and that no property takes. */
export type RefusedValue = Pick<RefusedKey, 'key' | 'reason'>;

export type RefusedValues = ReturnType<typeof createRefusedValues>;

const keptKeys = 100;
const keptThings = 10_000;
/** A device that repeats itself fills no log: one line a thing in this time. */
const quietMs = 60_000;

/** Counts what devices send in vain, thing by thing, for whoever sets them up: they rarely read a reason code. */
export function createRefusedValues({ nowMs, lines }: { nowMs: () => number; lines: LogLines }) {
  const things = new Map<ThingId, { keys: Map<string, RefusedKey>; toldMs: number }>();
  let total = 0;

  return {
    note(thing: ThingId, dialect: string, refused: readonly RefusedValue[]): void {
      if (refused.length === 0) return;
      total += refused.length;
      const known = things.get(thing) ?? { keys: new Map<string, RefusedKey>(), toldMs: Number.NEGATIVE_INFINITY };
      if (!things.has(thing)) {
        if (things.size >= keptThings) things.delete(things.keys().next().value!);
        things.set(thing, known);
      }
      for (const { key, reason } of refused) {
        const before = known.keys.get(key);
        if (before === undefined && known.keys.size >= keptKeys) continue;
        known.keys.set(key, { key, reason, count: (before?.count ?? 0) + 1, lastMs: nowMs() });
      }
      if (nowMs() - known.toldMs < quietMs) return;
      known.toldMs = nowMs();
      lines('warn', 'values refused', { thing, dialect, refused: refusedText(refused) });
    },
    of: (thing: ThingId): RefusedKey[] => [...(things.get(thing)?.keys.values() ?? [])],
    total: () => total,
  };
}

export type RefusedEverywhere = ReturnType<typeof createRefusedEverywhere>;

/** What a thing sent in vain, to whichever door. */
export function createRefusedEverywhere({ refused, doors }: { refused: RefusedValues; doors: AllDoors }) {
  const ask = doors.question('refused-values', {
    question: z.object({ thing: idSchema('thing') }),
    item: refusedKey,
    here: ({ thing }) => refused.of(thing),
  });
  return async (thing: ThingId): Promise<PageOfServers<RefusedKey>> => {
    const { said, notAnswering } = await ask({ thing });
    const keys = new Map<string, RefusedKey>();
    for (const one of said.flatMap(({ items }) => items)) {
      const known = keys.get(one.key);
      const newest = known !== undefined && known.lastMs > one.lastMs ? known : one;
      keys.set(one.key, { ...newest, count: one.count + (known?.count ?? 0) });
    }
    return { items: [...keys.values()], next: null, notAnswering };
  };
}

/** For a device's reason string: the first few, by name. */
export function refusedText(refused: readonly RefusedValue[]): string {
  const more = refused.length > 5 ? `; and ${refused.length - 5} more` : '';
  return (
    refused
      .slice(0, 5)
      .map(({ key, reason }) => `${key}: ${reason.en}`)
      .join('; ') + more
  ).slice(0, 500);
}
