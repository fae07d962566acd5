import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Log, openLog } from './log.ts';
import { connectNats } from './nats-connection.ts';

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
    async remove() {
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
      if (address !== undefined) await removeStreams(address);
    },
  };
}

/** All that a platform keeps on NATS under this address. The servers would go on agreeing on each stream for ever. */
async function removeStreams(text: string): Promise<void> {
  const { connection, address } = await connectNats(text, () => undefined);
  const manager = await jetstreamManager(connection);
  const own = [address.name, `${address.name}-relay`, `KV_${address.name}-offsets`];
  const kept = await manager.streams.names().next();
  for (const name of kept.filter((one) => own.includes(one))) await manager.streams.delete(name);
  await connection.close();
}

/** The name of the NATS server that takes what is appended at this address, and brings it to the others. */
export async function firstNode(text: string): Promise<string> {
  const { connection, address } = await connectNats(text, () => undefined);
  const manager = await jetstreamManager(connection);
  const { cluster } = await manager.streams.info(address.name);
  await connection.close();
  return cluster?.leader ?? '';
}
