import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Log, openLog } from './log.ts';

/** Set by the cluster tests: the NATS servers where each suite makes a stream of its own. */
const nats = process.env.LUBAN_TEST_LOG;

interface TestLog {
  /** For the platform's configuration; undefined: the journal. */
  readonly address: string | undefined;
  open(options?: { maxBytes?: number; nowUs?: () => number }): Promise<Log>;
  remove(): Promise<void>;
}

/** An empty log that can be opened again and again: the journal, or NATS in the cluster tests. */
export async function makeTestLog(): Promise<TestLog> {
  const directory = mkdtempSync(join(tmpdir(), 'luban-log-'));
  const address = nats && `${nats}test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  let clock = 1_790_000_000_000_000;
  return {
    address,
    open: ({ maxBytes = 1 << 26, nowUs = () => clock++ } = {}) =>
      openLog({ address, directory, maxBytes, nowUs, lines: () => undefined }),
    remove: async () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}
