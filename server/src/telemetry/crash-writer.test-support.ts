import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord, OffsetStore, SampleLog, Tenure } from '../log/log.ts';
import { createTelemetry } from './telemetry.ts';

const rowsOfRecord = 250;
export const madeRows = (records: number) => records * rowsOfRecord;

/** A log whose records follow from their positions, so that it is the same in every process; each spans two days. */
export function createMadeLog(next: number): SampleLog {
  const record = (position: number): LogRecord => ({
    position,
    tenant: 1,
    arrivalUs: Date.UTC(2026, 8, 2) * 1000 + position * 10_000,
    batch: {
      count: rowsOfRecord,
      sequence: position,
      backlog: false,
      series: Uint32Array.from({ length: rowsOfRecord }, (_, i) => i + 1),
      time: Float64Array.from(
        { length: rowsOfRecord },
        (_, i) => Date.UTC(2026, 8, 1, i % 2 === 0 ? 0 : 24) * 1000 + position,
      ),
      value: Float64Array.from({ length: rowsOfRecord }, (_, i) => position + i / 100),
      status: new Uint16Array(rowsOfRecord),
      texts: [],
    },
  });
  return {
    first: 0,
    next,
    behind: (position) => Math.max(0, next - position),
    async read(from, { records = 512 }) {
      return Array.from({ length: Math.max(0, Math.min(records, 8, next - from)) }, (_, i) => record(from + i));
    },
    waitFor(position, signal) {
      if (position < next) return Promise.resolve(true);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true }));
    },
  };
}

/** `tenure`: as of a log that several servers share. */
export function createFileOffset(directory: string, tenure?: Tenure): OffsetStore {
  const path = join(directory, 'offset');
  const read = () => {
    try {
      return Number(readFileSync(path, 'utf8'));
    } catch {
      return 0; // none yet
    }
  };
  return {
    get committed() {
      return read();
    },
    async commit(position) {
      writeFileSync(path, String(position));
    },
    reload: async () => undefined,
    tenure,
  };
}

/** Run as a program: writes that log into a store until it is killed. */
if (process.argv[1]?.endsWith('crash-writer.test-support.ts')) {
  const [directory, records] = process.argv.slice(2);
  const telemetry = createTelemetry({
    directory: directory!,
    log: createMadeLog(Number(records)),
    consumer: createFileOffset(directory!),
    blockRows: 5000,
    onFault: (fault) => process.stderr.write(`${fault.code} ${fault.message}\n`),
  });
  await telemetry.start();
  process.stdout.write('started\n');
}
