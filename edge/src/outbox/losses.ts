import type { Cause, DeviceId } from '@luban/contracts';
import type { OutboxRecord } from './outbox-record.ts';

/** What was lost, for the gap ledger. `device` null: nobody can tell whose samples they were. */
export interface OutboxLoss {
  why: 'outbox-full' | 'outbox-damaged' | 'platform-refused';
  device: DeviceId | null;
  fromMs: number;
  toMs: number;
  samplesLost: number | null;
  /** They were lost before the outbox had them. */
  neverKept?: boolean;
  cause: Cause;
}

/** What the loss of these records means for each device. The times are those of the records, not of each device. */
export function lossesOf(records: readonly OutboxRecord[], why: OutboxLoss['why'], cause: Cause): OutboxLoss[] {
  const losses = new Map<DeviceId, OutboxLoss & { samplesLost: number }>();
  for (const { devices, fromMs, toMs } of records)
    for (const [device, samples] of devices) {
      const before = losses.get(device);
      losses.set(device, {
        why,
        device,
        fromMs: Math.min(fromMs, before?.fromMs ?? fromMs),
        toMs: Math.max(toMs, before?.toMs ?? toMs),
        samplesLost: samples + (before?.samplesLost ?? 0),
        cause,
      });
    }
  return [...losses.values()];
}
