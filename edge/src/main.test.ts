import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@luban/contracts';
import { openJournal } from '@luban/journal';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBroker } from './broker-fixture.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-edge-main-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs the process; `stopAt` is a text in its output at which it gets SIGTERM. */
async function run(environment: Record<string, string>, args: string[], stopAt: string | null) {
  const main = join(import.meta.dirname, 'main.ts');
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { env: { PATH, ...environment } });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (stopAt !== null && output.includes(stopAt)) child.kill('SIGTERM');
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, output };
}

test('the process says in one line that it is up, and ends cleanly on SIGTERM', async () => {
  const broker = await createBroker();
  await broker.start();
  const mqttPort = Number(new URL(broker.url).port);
  const credentials = { edge: newId('edge'), key: 'secret', mqttPort };
  await writeFile(join(directory, 'credentials.json'), JSON.stringify(credentials));
  const environment = { LUBAN_EDGE_DATA: directory, LUBAN_PLATFORM: 'http://127.0.0.1:1' };
  const { code, output } = await run(environment, [], 'uplink.connected');
  const lines = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.find(({ ready }) => ready)).toMatchObject({ edge: credentials.edge, mqtt: broker.url, data: directory });
  expect(lines.at(-1)).toMatchObject({ stopped: true });
  expect(code).toBe(0);
  await broker.remove();
});

test('a second edge on the same data does not start, and does not hang', async () => {
  const credentials = { edge: newId('edge'), key: 'secret', mqttPort: 1 };
  await writeFile(join(directory, 'credentials.json'), JSON.stringify(credentials));
  const held = await openJournal({ directory: join(directory, 'outbox', 'journal') });
  const { code, output } = await run({ LUBAN_EDGE_DATA: directory, LUBAN_PLATFORM: 'http://127.0.0.1:1' }, [], null);
  expect(output).toContain(directory);
  expect(code).toBe(1);
  await held.close();
});

test.each([
  ['a wrong value', { LUBAN_PLATFORM: 'platform', LUBAN_OUTBOX_BYTES: '5' }, [], /LUBAN_PLATFORM.*LUBAN_OUTBOX_BYTES/],
  ['an unknown variable', { LUBAN_PLATFORM: 'http://p', LUBAN_EDGE_DAAT: '/tmp' }, [], /LUBAN_EDGE_DAAT/],
  ['an unknown option', { LUBAN_PLATFORM: 'http://p' }, ['--tokn', 'x'], /--tokn/],
] as const)('%s fails at start by name', async (_, environment, args, name) => {
  const { code, output } = await run({ ...environment }, [...args], null);
  expect(output).toMatch(name);
  expect(output).toContain('config.invalid');
  expect(code).toBe(78);
});

test('an edge without a token and without credentials says what to give it', async () => {
  const { code, output } = await run({ LUBAN_EDGE_DATA: directory, LUBAN_PLATFORM: 'http://127.0.0.1:1' }, [], null);
  expect(output).toContain('LUBAN_ENROLMENT_TOKEN');
  expect(output).toContain('enrolment.no-token');
  expect(code).toBe(78);
});
