import type { ServerName } from '@luban/contracts';
import { z } from 'zod';
import type { AllDoors } from './all-doors.ts';
import type { Ingest } from './ingest-contract.ts';

interface TrafficOptions {
  ingest: Pick<Ingest, 'rates'>;
  /** At this server's own door. */
  connections: () => number;
  doors: AllDoors;
}

/** What comes in at all doors: of one tenant, but for the connections. */
export interface Traffic {
  readonly samplesPerSecond: number;
  readonly messagesPerSecond: number;
  readonly connections: number;
  /** Doors that are not in these figures. */
  readonly notAnswering: readonly ServerName[];
}

/** Many people look at once: other doors are asked this often … */
const askEveryMs = 1000;
/** … and whoever is the first to look after so long waits for their answers. */
const oldMs = 5000;

const doorTraffic = z.object({
  samplesPerSecond: z.number(),
  messagesPerSecond: z.number(),
  connections: z.int(),
});

/** By the tenant's number. Never rejects. */
export function createTraffic({ ingest, connections, doors }: TrafficOptions) {
  const known = new Map<number, { shown: Promise<Traffic>; askedMs: number; asking: boolean }>();
  const ofThisServer = (tenantNumber: number) => ({ ...ingest.rates(tenantNumber), connections: connections() });
  const ask = doors.question('traffic', {
    question: z.object({ tenantNumber: z.int() }),
    item: doorTraffic,
    here: ({ tenantNumber }) => [ofThisServer(tenantNumber)],
  });

  async function look(tenantNumber: number): Promise<Traffic> {
    const { said, notAnswering } = await ask({ tenantNumber });
    const all = said.flatMap(({ items }) => items);
    // What is imported comes in without a door.
    if (!said.some(({ server }) => server.id === doors.self.id)) all.push(ofThisServer(tenantNumber));
    const sum = (what: keyof z.infer<typeof doorTraffic>) => all.reduce((total, one) => total + one[what], 0);
    return {
      samplesPerSecond: sum('samplesPerSecond'),
      messagesPerSecond: sum('messagesPerSecond'),
      connections: sum('connections'),
      notAnswering,
    };
  }

  return (tenantNumber: number): Promise<Traffic> => {
    if (!doors.several()) return look(tenantNumber);
    const nowMs = performance.now();
    const before = known.get(tenantNumber);
    const ageMs = before === undefined ? Number.POSITIVE_INFINITY : nowMs - before.askedMs;
    if (before !== undefined && (before.asking || ageMs < askEveryMs)) return before.shown;
    const next = look(tenantNumber);
    const entry = { shown: before === undefined || ageMs > oldMs ? next : before.shown, askedMs: nowMs, asking: true };
    known.set(tenantNumber, entry);
    void next.then(() => {
      entry.shown = next;
      entry.asking = false;
    });
    return entry.shown;
  };
}
