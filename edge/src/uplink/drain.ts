import type { Cause } from '@luban/contracts';
import { topics } from '@luban/contracts';
import { edgeCause } from '../edge-errors.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { OutboxRecord } from '../outbox/outbox-record.ts';
import { backOff, pause } from '../pause.ts';
import { markBatch } from './mark-batch.ts';
import type { Refusal } from './outcome.ts';
import { seriesOf, splitRecord, withoutSeries } from './split-record.ts';
import type { Connection } from './uplink.ts';
import { createWindow, type Lane } from './window.ts';

const notAuthorised = 0x87;
const tryAgainMs = 60_000;
/** Messages that one refused record is worth: finding one refused point among a thousand takes about twenty. */
const maxSends = 200;

/**
 * Moves the outbox to the platform. At each connection two lanes begin: `live` with the next sample that is put, and
 * `backlog` with everything older that is not acknowledged, so that now is shown at once while the past drains beside
 * it. Each lane keeps its order.
 */
export function createDrain(options: {
  outbox: Outbox;
  connection(signal: AbortSignal): Promise<Connection | null>;
  /** Keeps a refused record for people; what it throws stops the drain, so that nothing is lost unseen. */
  setAside(record: OutboxRecord, outcome: Refusal): Promise<void>;
  onFault(cause: Cause): void;
  now(): number;
}): { start(): void; lagMs(): number | null; stop(): Promise<void> } {
  const { outbox, setAside, onFault, now } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let lag: { ms: number; at: number } | null = null;

  async function run(): Promise<void> {
    const wait = backOff(500, 15_000);
    while (!stopping.signal.aborted) {
      const connection = await options.connection(stopping.signal);
      if (connection === null) return;
      const end = await drainOver(connection);
      if (end === 'later') {
        onFault(edgeCause('uplink.busy'));
        await pause(wait.next(), AbortSignal.any([stopping.signal, connection.ended]));
      } else wait.reset();
    }
  }

  /** Series that the platform refused by themselves a short while ago: they are not tried with every batch. */
  const refusedAt = new Map<number, number>();
  let lastRefusal: Refusal | null = null;
  function noteRefused(part: OutboxRecord, refusal: Refusal): void {
    const series = [...seriesOf(part)];
    if (series.length !== 1 || refusal.reasonCode !== notAuthorised) return;
    refusedAt.set(series[0]!, now());
    lastRefusal = refusal;
  }
  function refusedSeries(): ReadonlySet<number> {
    for (const [series, at] of refusedAt) if (Math.abs(now() - at) > tryAgainMs) refusedAt.delete(series);
    return new Set(refusedAt.keys());
  }

  /** Both lanes over one connection until it ends, or until the platform asks to come back later. */
  async function drainOver(connection: Connection): Promise<'ended' | 'later'> {
    const halt = new AbortController();
    const signal = AbortSignal.any([stopping.signal, connection.ended, halt.signal]);
    const window = createWindow(connection.window);
    const liveFrom = outbox.next;
    let later = false;
    let fault: unknown = null;

    async function deliver(record: OutboxRecord, lane: Lane): Promise<void> {
      try {
        const outcome = await send(record, lane === 'backlog');
        if (outcome === 'settled') outbox.settle([record]);
        else halt.abort();
        if (outcome === 'settled' && lane === 'live') lag = { ms: Math.max(0, now() - record.putMs), at: now() };
        if (outcome === 'later') later = true;
      } catch (error) {
        fault = error;
        halt.abort();
      } finally {
        window.leave(lane);
      }
    }

    async function send(record: OutboxRecord, backlog: boolean): Promise<'settled' | 'later' | 'cut'> {
      const refused: [OutboxRecord, Refusal][] = [];
      let sends = 0;

      async function sendPart(part: OutboxRecord): Promise<'settled' | 'later' | 'cut'> {
        sends++;
        const outcome = await connection.send(topics.batch, markBatch(part.batch, record.position, backlog));
        if (outcome.kind === 'acknowledged') return 'settled';
        if (outcome.kind !== 'refused') return outcome.kind;
        const parts = sends < maxSends ? splitRecord(part) : [part];
        if (parts.length === 1) refused.push([part, outcome]);
        if (parts.length === 1) noteRefused(part, outcome);
        else
          for (const smaller of parts) {
            const end = await sendPart(smaller);
            if (end !== 'settled') return end;
          }
        return 'settled';
      }

      const { rest, apart } = withoutSeries(record, refusedSeries());
      if (apart && lastRefusal) refused.push([apart, lastRefusal]);
      const end = rest ? await sendPart(rest) : 'settled';
      if (end !== 'settled') return end;
      // Only now: had the connection ended between, all parts would come again and be counted twice.
      for (const [part, outcome] of refused) await setAside(part, outcome);
      return 'settled';
    }

    async function pump(lane: Lane, from: number, to: number): Promise<void> {
      for (let at = from; at < to && !signal.aborted; ) {
        if (lane === 'live' && !(await outbox.waitFor(at, signal))) continue;
        const known = Math.min(to, outbox.next);
        const records = await outbox.read(at);
        if (records.length === 0 && known > at) outbox.skip(at, known);
        if (records.length === 0) at = known;
        for (const record of records) {
          const here = Math.min(record.position, to);
          if (here > at) outbox.skip(at, here); // damaged or dropped: the ledger says so, nothing can be sent
          at = here;
          if (record.position >= to) break;
          if (!(await window.enter(lane, signal))) return;
          at++;
          void deliver(record, lane); // settles itself; `window.empty` waits for it
        }
      }
    }

    async function drainBacklog(): Promise<void> {
      for (const { from, to } of outbox.missing(liveFrom)) await pump('backlog', from, to);
    }
    try {
      await Promise.all([pump('live', liveFrom, Number.POSITIVE_INFINITY), drainBacklog()]);
    } catch (error) {
      fault = error;
      halt.abort();
    }
    await window.empty();
    if (fault !== null) throw fault;
    return later ? 'later' : 'ended';
  }

  async function supervise(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await run();
      } catch (error) {
        onFault(edgeCause('outbox.disk', error instanceof Error ? error.message : String(error)));
        await pause(1000, stopping.signal);
      }
    }
  }

  return {
    start() {
      running = supervise();
    },
    /** From the putting of the oldest sample of a live batch to its acknowledgement; null when none came in the last 10 s. */
    lagMs: () => (lag !== null && now() - lag.at < 10_000 ? lag.ms : null),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
