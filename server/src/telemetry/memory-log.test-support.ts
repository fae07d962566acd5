import type { Batch } from '@luban/contracts';
import type { LogRecord, OffsetStore, SampleLog } from '../log/log.ts';

/** A log in memory that outlives the store under test, as the real one does. */
export interface MemoryLog extends SampleLog {
  append(tenant: number, batch: Batch, arrivalUs: number): number;
}

export function createMemoryLog(): MemoryLog {
  const records: LogRecord[] = [];
  const waiting = new Set<() => void>();
  return {
    first: 0,
    get next() {
      return records.length;
    },
    behind: (position) => Math.max(0, records.length - position),
    append(tenant, batch, arrivalUs) {
      const position = records.length;
      records.push({ position, tenant, arrivalUs, batch });
      for (const wake of waiting) wake();
      return position;
    },
    async read(from, { records: count = 512 }) {
      return records.slice(from, from + count);
    },
    waitFor(position, signal) {
      return new Promise((resolve) => {
        const look = () => {
          if (!signal.aborted && records.length <= position) return;
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          resolve(!signal.aborted);
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
      });
    },
  };
}

export function createMemoryOffset(): OffsetStore {
  let committed = 0;
  return {
    get committed() {
      return committed;
    },
    async commit(position) {
      committed = position;
    },
    reload: async () => undefined,
  };
}
