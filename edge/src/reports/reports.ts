import { type EdgeReport, edgeReport, topics } from '@luban/contracts';
import type { Collection } from '../collection/collection.ts';
import type { LossTotals } from '../outbox/loss-totals.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { software } from '../software.ts';

const everyMs = 2000;

/** Says every two seconds how the edge is; nobody keeps these messages, the next one replaces them. */
export function createReports(options: {
  collection: Pick<Collection, 'reports' | 'version' | 'cause'>;
  outbox: Pick<Outbox, 'state' | 'oldestMs'>;
  losses: Pick<LossTotals, 'current'>;
  lagMs(): number | null;
  tell(topic: string, payload: string): void;
  onFault(error: unknown): void;
  now(): number;
}): { start(): void; current(): Promise<EdgeReport>; stop(): Promise<void> } {
  const { collection, outbox, now } = options;
  const startedMs = now();
  let timer: NodeJS.Timeout | null = null;
  let telling: Promise<void> = Promise.resolve();

  async function current(): Promise<EdgeReport> {
    const { samples: kept, waiting, bytes, limitBytes, cause, samplesPut } = outbox.state();
    const { refused, dropped, neverKept, unknown } = options.losses.current();
    // What is being gathered for the next batch is no backlog, unless the disk does not take it.
    const samples = cause?.code === 'outbox.disk' ? kept : kept - waiting;
    const devices = collection.reports();
    return {
      timeMs: now(),
      software,
      startedMs,
      configurationVersion: collection.version(),
      configurationCause: collection.cause(),
      samplesPerSecond: devices.reduce((sum, device) => sum + device.samplesPerSecond, 0),
      lagMs: options.lagMs(),
      backlog: { samples, bytes, oldestMs: samples > 0 ? await outbox.oldestMs() : null, limitBytes },
      outboxCause: cause,
      // Without what waits for the disk: a kill may lose that, and then it was never collected.
      book: {
        collected: samplesPut - waiting + neverKept,
        pending: Math.max(0, kept - waiting),
        refused,
        dropped,
        unknownLosses: unknown,
      },
      devices,
    };
  }

  async function tellCurrent(): Promise<void> {
    options.tell(topics.report, JSON.stringify(edgeReport.parse(await current())));
  }

  return {
    start() {
      timer = setInterval(() => {
        telling = telling.then(tellCurrent).catch(options.onFault);
      }, everyMs);
    },
    current,
    async stop() {
      if (timer) clearInterval(timer);
      await telling;
    },
  };
}
