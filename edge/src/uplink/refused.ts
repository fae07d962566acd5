import { mkdir, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cause } from '@luban/contracts';
import { edgeCause } from '../edge-errors.ts';
import { lossesOf, type OutboxLoss } from '../outbox/losses.ts';
import type { OutboxRecord } from '../outbox/outbox-record.ts';
import type { Refusal } from './outcome.ts';

const keepFiles = 1000;
const tellEveryMs = 60_000;

/** Keeps batches that the platform refuses for good: the newest 1000 in `directory`, each told as a gap and an event. */
export function createRefused(options: {
  directory: string;
  lose(losses: OutboxLoss[]): Promise<void>;
  event(severity: 'error', cause: Cause): void;
}): (record: OutboxRecord, outcome: Refusal) => Promise<void> {
  // By the clock that is never set: after one that was ahead nothing would be told for as long as it was.
  let toldMs = Number.NEGATIVE_INFINITY;
  let part = 0;
  return async (record, outcome) => {
    const { directory } = options;
    const cause = edgeCause('uplink.refused', `reason 0x${outcome.reasonCode.toString(16)} ${outcome.reason}`);
    await options.lose(lossesOf([record], 'platform-refused', cause));
    await mkdir(directory, { recursive: true });
    const name = `${String(record.position).padStart(16, '0')}-${Date.now()}-${part++}.batch`;
    await writeFile(join(directory, name), record.batch);
    const files = (await readdir(directory)).filter((name) => name.endsWith('.batch')).sort();
    for (const name of files.slice(0, Math.max(0, files.length - keepFiles))) await unlink(join(directory, name));
    if (performance.now() - toldMs < tellEveryMs) return; // the ledger has each; people need it once
    toldMs = performance.now();
    options.event('error', edgeCause('uplink.refused', `batch ${record.position}: ${outcome.reason}`));
  };
}
