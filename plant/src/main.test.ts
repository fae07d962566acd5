import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const command = ['--import', 'tsx', main];

test('--catalogue prints the whole address space and exits', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [...command, '--catalogue'], { maxBuffer: 1e7 });
  expect(JSON.parse(stdout)).toEqual(catalogue);
}, 60_000);

test('an option that is no number fails by name', async () => {
  const failed = promisify(execFile)(process.execPath, [...command, '--modbus-port', 'many']);
  await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--modbus-port') });
}, 60_000);

test('it says one line when it is ready, listens on both ports and stops cleanly on SIGTERM', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'plant-'));
  const plant = spawn(process.execPath, [...command, '--data', directory], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(plant, 'exit');
  try {
    const lines: string[] = [];
    const output = createInterface({ input: plant.stdout });
    output.on('line', (line) => lines.push(line));
    const closed = once(output, 'close');
    await Promise.race([once(output, 'line'), exited]);
    const ready = JSON.parse(lines[0] ?? 'null');
    expect(ready).toEqual({ ready: true, modbusPort: expect.any(Number), opcuaPort: expect.any(Number) });
    for (const port of [ready.modbusPort, ready.opcuaPort]) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
    }
    plant.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    await closed;
    expect(lines).toHaveLength(1);
  } finally {
    plant.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }
}, 60_000);
