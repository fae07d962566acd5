import { readConfig } from './config.ts';
import { createDriver } from './drivers/drivers.ts';
import { startEdge } from './edge.ts';
import { EdgeError, messageOf } from './edge-errors.ts';

/** One JSON line for each thing that happens; the first one with `"ready":true` when the edge collects. */
function log(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`);
}

/** Trying again would not help: a service of systemd does not try. sysexits' EX_CONFIG, as of the platform. */
const refusedExit = 78;
const forItsOperator: readonly string[] = ['config.invalid', 'enrolment.no-token', 'enrolment.refused'];

const stopping = new AbortController();
// `disconnect`: whoever started this edge with a message channel is gone, and would start a second one.
for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(name, () => stopping.abort());
process.channel?.unref();
const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));

try {
  const config = readConfig(process.env, process.argv.slice(2));
  const edge = await startEdge(config, { createDriver, log, signal: stopping.signal });
  if (edge) {
    log({ ready: true, edge: edge.id, platform: config.platform, mqtt: edge.mqtt, data: config.directory });
    await stopped;
    await edge.stop();
  }
  log({ stopped: true });
} catch (error) {
  log({ level: 'error', code: error instanceof EdgeError ? error.code : undefined, message: messageOf(error) });
  // Parts that had started would keep the process alive without collecting anything.
  process.exit(error instanceof EdgeError && forItsOperator.includes(error.code) ? refusedExit : 1);
}
