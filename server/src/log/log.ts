import { openJournalLog } from './journal-log.ts';
import type { Log, LogOptions } from './log-contract.ts';
import { openNatsLog } from './nats-log.ts';

export { ledOffsets } from './led-offsets.ts';
export { createLiveTail } from './live-tail.ts';
export type { Log, OffsetStore, SampleLog, Tenure } from './log-contract.ts';
export type { LogRecord } from './log-record.ts';
export { parseNatsAddress } from './nats-address.ts';
export { decodeGroup, encodeGroup } from './nats-group.ts';
export { openNatsRelay } from './nats-relay.ts';
export type { Relay, RelayAnswer } from './relay-contract.ts';
export { traceAppends } from './traced-appends.ts';

/** The platform's durable log, on the engine that the address asks for. */
export function openLog({ address, ...options }: LogOptions): Promise<Log> {
  return address === undefined ? openJournalLog(options) : openNatsLog({ address, ...options });
}
