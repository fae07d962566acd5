import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openJournal, type Position } from './journal.ts';
import { readAll, useTestDirectory } from './journal-fixtures.ts';
import { payloadOf } from './journal-kill-payload.ts';

const directory = useTestDirectory();
const child = fileURLToPath(new URL('./journal-kill-child.ts', import.meta.url));

/** Lets a process append and kills it after `acknowledged` lines and a moment; returns what it had acknowledged. */
async function appendAndKill(acknowledged: number, momentMs: number): Promise<[Position, number][]> {
  const writer = spawn(process.execPath, ['--import', 'tsx', child, directory()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(writer, 'close');
  let output = '';
  let kill: NodeJS.Timeout | undefined;
  for await (const chunk of writer.stdout) {
    output += String(chunk);
    if (!kill && output.split('\n').length > acknowledged) kill = setTimeout(() => writer.kill('SIGKILL'), momentMs);
  }
  const [, signal] = await closed;
  expect(signal).toBe('SIGKILL');
  const lines = output.split('\n').slice(1, -1);
  return lines.map((line) => line.split(' ').map(Number) as [Position, number]);
}

describe('a process that is killed while it appends', () => {
  it('has lost nothing that it acknowledged: all there, in order, once', async () => {
    const acknowledged = new Map<Position, number>();
    for (let round = 0; round < 5; round++) {
      for (const [position, serial] of await appendAndKill(20 + round * 150, Math.random() * 40)) {
        expect(acknowledged.has(position)).toBe(false);
        acknowledged.set(position, serial);
      }
    }
    expect(acknowledged.size).toBeGreaterThan(1000);

    const journal = await openJournal({ directory: directory() });
    const found = new Map((await readAll(journal)).map((record) => [record.position, record.payload]));
    expect([...found.keys()]).toEqual(Array.from({ length: journal.next }, (_, i) => i));
    for (const [position, serial] of acknowledged) {
      expect(found.get(position)?.equals(payloadOf(serial))).toBe(true);
    }
    expect(journal.faults().filter((fault) => fault.kind !== 'torn')).toEqual([]);
    await journal.close();
  }, 60_000);
});
