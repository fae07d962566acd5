import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { endChild, track } from '../children.ts';
import { freePort } from '../free-port.ts';
import { mosquittoSettings, startMosquitto } from '../limits/mosquitto.ts';
import { startInfluxdb } from './influxdb.ts';
import { type FlowKind, nodeRedFlow, nodeRedSettings } from './node-red-flow.ts';
import { NotAvailable, packaged } from './rival.ts';

/** The newest of the line 4 that runs on Node 20. */
const version = '4.1.15';

/** mosquitto → Node-RED → InfluxDB: what somebody builds who wants machines' values in a database. */
export interface Stack {
  readonly how: string;
  readonly pids: readonly number[];
  readonly mqttPort: number;
  /** Samples that questions to InfluxDB find. */
  count(): Promise<number>;
  stop(): Promise<void>;
}

/** Throws NotAvailable when a part is missing and cannot be had. */
export async function startNodeRedStack(folder: string, kind: FlowKind): Promise<Stack> {
  const script = await installedNodeRed();
  const broker = await startMosquitto(folder);
  if (broker === null)
    throw new NotAvailable('mosquitto is not installed: apt-get install --no-install-recommends mosquitto');
  const influxdb = await startInfluxdb(folder);
  const own = await mkdtemp(join(folder, 'node-red-'));
  await writeFile(join(own, 'settings.js'), nodeRedSettings(await freePort()));
  await writeFile(join(own, 'flows.json'), JSON.stringify(nodeRedFlow(broker.port, influxdb.port, kind), null, 2));
  const child = spawn(process.execPath, [script, '-u', own, '-s', join(own, 'settings.js')], {
    cwd: own,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  track(child);
  await connected(child);
  return {
    how: `mosquitto ${packaged('/usr/sbin/mosquitto', 'mosquitto')} (${mosquittoSettings.join(', ')}), Node-RED ${version} (node red.js -u … -s …; bench/src/rivals/node-red-flow.ts, ${kind === 'each' ? 'a write for each message' : 'in batches'}), ${influxdb.how}`,
    pids: [broker.pid, child.pid!, influxdb.pid],
    mqttPort: broker.port,
    count: () => influxdb.count(),
    async stop() {
      await endChild(child, 'SIGTERM', 10_000);
      await influxdb.stop();
      await broker.stop();
    },
  };
}

/** Node-RED's start script, installed into the user's cache at the first run. */
async function installedNodeRed(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'luban-bench');
  const folder = join(cache, `node-red-${version}`);
  const script = join(folder, 'node_modules', 'node-red', 'red.js');
  if (existsSync(script)) return script;
  process.stderr.write(`installing node-red@${version} into ${folder}\n`);
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'installing-'));
  try {
    await writeFile(join(fresh, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--save-exact', '--no-audit', '--no-fund', '--ignore-scripts', `node-red@${version}`];
    await promisify(execFile)('npm', args, { cwd: fresh, timeout: 300_000 });
    const manifest = await readFile(join(fresh, 'node_modules', 'node-red', 'package.json'), 'utf8');
    if ((JSON.parse(manifest) as { version: string }).version !== version) throw new Error('another version came');
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const why = error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error);
    throw new NotAvailable(`node-red@${version} cannot be installed: ${why}`);
  }
  return script;
}

/** Resolves when the flow has its broker. */
function connected(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new NotAvailable(`Node-RED ${why}`));
    const late = setTimeout(() => fail('did not reach its broker within 60 s'), 60_000);
    child.once('exit', (code) => fail(`ended with ${code}`));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.includes('[error]')) process.stderr.write(`Node-RED: ${line}\n`);
      if (!line.includes('Connected to broker')) return;
      clearTimeout(late);
      setTimeout(resolve, 500); // it subscribes next
    });
  });
}
