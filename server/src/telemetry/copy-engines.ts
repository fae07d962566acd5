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
  const source = createChdbEngine({ directory: options.directory, memoryLimitBytes: 1 << 30, onFault: none });
  const target = createClickhouseEngine({ address, onFault: none, onRestart: none });
  const close = async () => {
    await source.stop();
    await target.stop();
  };
  try {
    await target.start();
    await source.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { source, target, close };
}
