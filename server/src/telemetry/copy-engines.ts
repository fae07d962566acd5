import { createChdbEngine } from './chdb-engine.ts';
import { parseClickhouseAddress } from './clickhouse-address.ts';
import { createClickhouseEngine } from './clickhouse-engine.ts';

/**
 * Starts both engines: chDB's `directory`, and ClickHouse at `address`. Throws TelemetryFault when one of them does not
 * start.
 */
export async function openCopyEngines(options: { directory: string; address: string }) {
  const address = parseClickhouseAddress(options.address);
  if (address === null) throw new Error('the address of the telemetry is not one of ClickHouse');
  const none = () => undefined; // whoever asks hears of it
  const chdb = createChdbEngine({ directory: options.directory, memoryLimitBytes: 1 << 30, onFault: none });
  const clickhouse = createClickhouseEngine({ address, onFault: none, onRestart: none });
  const close = async () => {
    await chdb.stop();
    await clickhouse.stop();
  };
  try {
    await clickhouse.start();
    await chdb.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { chdb, clickhouse, close };
}
