import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CollectedDevice, collectedDevice, newId } from '@luban/contracts';
import type { ConformanceRig } from '../driver-conformance.ts';

export interface OpcUaRig extends ConformanceRig {
  /** Sends a message to the server's process and gives back what `changing` holds then. */
  ask(message: object): Promise<number>;
}

const expected = {
  boolean: true,
  double: 21.5,
  int64: 65_536,
  uint64: '18446744073709551615',
  string: '鲁班',
  date: '2024-02-29T12:00:00.000Z',
  localized: '主轴',
  array: [1, 2, 3],
  temperature: 36.6,
  changing: 0,
};

export async function startOpcUaRig(): Promise<OpcUaRig> {
  const directory = await mkdtemp(join(tmpdir(), 'luban-opcua-server-'));
  const port = await freePort();
  let server = await startServer(port, directory);
  return {
    port,
    timeoutMs: 900,
    device: (through) => opcUaDevice(through, [...Object.keys(expected), 'wrong']),
    expected,
    wrong: 'wrong',
    changing: 'changing',
    async change(value) {
      await server.ask({ set: value });
    },
    held: () => server.ask({}),
    ask: (message) => server.ask(message),
    async restart() {
      await server.stop();
      server = await startServer(port, directory);
    },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function opcUaDevice(
  port: number,
  names: readonly string[],
  settings: object = {},
): CollectedDevice & { protocol: 'opc-ua' } {
  const device = collectedDevice.parse({
    id: newId('device'),
    name: 'node-opcua-server',
    simulated: true,
    protocol: 'opc-ua',
    settings: {
      endpointUrl: `opc.tcp://127.0.0.1:${port}`,
      samplingIntervalMs: 20,
      publishingIntervalMs: 50,
      timeoutMs: 900,
      ...settings,
    },
    points: names.map((name, i) => ({
      series: i + 1,
      name,
      type: 'json',
      range: null,
      address: { protocol: 'opc-ua', nodeId: name.includes('=') ? name : `ns=1;s=${name}` },
    })),
  });
  if (device.protocol !== 'opc-ua') throw new TypeError('not an OPC UA device');
  return device;
}

async function startServer(port: number, directory: string) {
  const child = fork(join(import.meta.dirname, 'opcua-test-server.ts'), [String(port), directory], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const next = <T>() =>
    new Promise<T>((resolve, reject) => {
      const onExit = () => reject(new Error('the OPC UA server has ended'));
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message as T);
      });
    });
  await next();
  return {
    async ask(message: object): Promise<number> {
      const answer = next<{ value: number }>();
      child.send(message);
      return (await answer).value;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
