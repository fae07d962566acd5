import type { Log, Relay } from '../../log/log.ts';
import type { LogLines } from '../../platform/log-lines.ts';
import { parseClickhouseAddress } from '../clickhouse-address.ts';
import { createClickhouseEngine } from '../clickhouse-engine.ts';
import type { KeepFrom } from '../expiry.ts';
import type { TelemetryFault } from '../telemetry-fault.ts';
import type { TelemetryReads } from '../telemetry-reads.ts';
import { answerFollowers, relayedStore } from './relayed-store.ts';
import { createTelemetryFollower } from './telemetry-follower.ts';

interface HistoryAnywhereOptions {
  readonly telemetry: TelemetryReads & {
    caughtUp(): Promise<unknown>;
    followed: Parameters<typeof answerFollowers>[2];
  };
  /** Whether this server stores. */
  readonly leads: () => boolean;
  /** Of ClickHouse; undefined where no other server can read the store. */
  readonly address: string | undefined;
  readonly relay: Relay | undefined;
  readonly leader: () => Promise<string | undefined>;
  readonly log: Log;
  /** Of the store. */
  readonly consumer: ReturnType<Log['consumer']>;
  /** Resolves to whether the records that are held in memory are as they were at the call. */
  readonly recordsCurrent: () => Promise<boolean>;
  readonly keepFrom: (tenant: number, series: number) => KeepFrom;
  readonly nowUs: () => number;
  readonly lines: LogLines;
}

export interface HistoryStats {
  /** Reads answered by this server, and left to the leader. */
  readonly here: number;
  readonly leader: number;
  /** Whether it follows the server that stores. */
  readonly follows: boolean;
  /** Rows of the log's end that it holds because they are not stored yet. */
  readonly waitingRows: number;
}

/** History on any server: from the store that it writes, or by following the server that writes it. */
export function createHistoryAnywhere(options: HistoryAnywhereOptions) {
  const { telemetry, leads, address, relay, leader, recordsCurrent, lines } = options;
  /** Who has just been told that samples are kept finds them. */
  async function isCurrentHere(): Promise<boolean> {
    if (!leads()) return false;
    await telemetry.caughtUp();
    return true;
  }
  /** Reads that were answered here, and that were left to the leader. */
  const counts = { here: 0, leader: 0 };
  function counted(isHere: boolean): boolean {
    counts[isHere ? 'here' : 'leader']++;
    return isHere;
  }
  const server = address === undefined ? null : parseClickhouseAddress(address);
  if (server === null || relay === undefined)
    return {
      reads: telemetry,
      isCurrent: async () => counted(await isCurrentHere()),
      stats: () => ({ ...counts, follows: false, waitingRows: 0 }),
      end: async () => undefined,
      stop: async () => undefined,
    };

  answerFollowers(relay, leads, telemetry.followed);
  const onFault = ({ code, message: cause }: TelemetryFault) => lines('error', 'store not followed', { code, cause });
  const follower = createTelemetryFollower({
    ...options,
    engine: createClickhouseEngine({ address: server, onFault, onRestart: () => undefined }),
    leader: relayedStore({ relay, leader }),
    onFault,
  });
  const now = () => (leads() ? telemetry : follower.reads());
  const reads: TelemetryReads = {
    latest: (...asked) => now().latest(...asked),
    range: async (...asked) => now().range(...asked),
    count: async (...asked) => now().count(...asked),
    scan: (...asked) => now().scan(...asked),
    before: async (...asked) => now().before(...asked),
    buckets: async (...asked) => now().buckets(...asked),
  };
  return {
    reads,
    /** Resolves when reads know what was acknowledged before the call, to whether this server has them: else ask the leader. */
    async isCurrent(): Promise<boolean> {
      if (leads()) return counted(await isCurrentHere());
      const [knowsRecords, isCurrent] = await Promise.all([recordsCurrent(), follower.isCurrent()]);
      return counted(knowsRecords && isCurrent);
    },
    stats: () => ({ ...counts, ...follower.stats() }),
    end: follower.end,
    stop: follower.stop,
  };
}
