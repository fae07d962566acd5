import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JournalFault, openJournal, type Position } from './journal.ts';
import { readAll, segmentFiles } from './journal-fixtures.ts';

type Step =
  | { do: 'append'; sizes: number[] }
  | { do: 'reopen' }
  | { do: 'flip'; segment: number; byte: number; mask: number }
  | { do: 'cut'; bytes: number };

const append = fc.record({
  do: fc.constant('append' as const),
  sizes: fc.array(fc.nat(3000), { minLength: 1, maxLength: 12 }),
});
const reopen = fc.record({ do: fc.constant('reopen' as const) });
const flip = fc.record({
  do: fc.constant('flip' as const),
  segment: fc.nat(),
  byte: fc.nat(),
  mask: fc.integer({ min: 1, max: 255 }),
});
const cut = fc.record({ do: fc.constant('cut' as const), bytes: fc.integer({ min: 1, max: 2000 }) });

function payloadOf(serial: number, size: number): Buffer {
  return Buffer.alloc(size, Buffer.from([serial & 255, serial >> 8, 1, 2, 3]));
}

function covers(fault: JournalFault, position: Position): boolean {
  if (fault.kind === 'offset') return false;
  const { from, to } = 'positions' in fault ? fault.positions : fault;
  return position >= from && position < to;
}

/** Damages the closed journal. */
async function damage(directory: string, step: Step): Promise<void> {
  const paths = await segmentFiles(directory);
  if (step.do === 'flip') {
    const path = paths[step.segment % paths.length]!;
    const bytes = readFileSync(path);
    bytes[step.byte % bytes.length]! ^= step.mask;
    writeFileSync(path, bytes);
  } else if (step.do === 'cut') {
    const path = paths.at(-1)!;
    truncateSync(path, Math.max(64, readFileSync(path).length - step.bytes));
  }
}

async function follow(steps: Step[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'luban-journal-model-'));
  const options = { directory, segmentBytes: 8192 };
  const expected = new Map<Position, Buffer>();
  const faults: JournalFault[] = [];
  let serial = 0;
  try {
    let journal = await openJournal(options);
    for (const step of [...steps, { do: 'reopen' } as const]) {
      if (step.do === 'append') {
        const payloads = step.sizes.map((size) => payloadOf(serial++, size));
        const positions = await Promise.all(payloads.map((payload) => journal.append(payload)));
        for (const [i, position] of positions.entries()) {
          if (i > 0) expect(position).toBe(positions[i - 1]! + 1);
          expect(expected.has(position)).toBe(false);
          expected.set(position, payloads[i]!);
        }
        continue;
      }
      await journal.close();
      await damage(directory, step);
      journal = await openJournal(options);
      // The end of the newest segment is gone with nothing to tell from: the journal ends earlier, and says so.
      if (step.do === 'cut')
        for (const position of expected.keys()) if (position >= journal.next) expected.delete(position);

      const read = await readAll(journal, 4000);
      faults.push(...journal.faults());
      const found = new Set<Position>();
      let before = -1;
      for (const { position, payload } of read) {
        const right = position > before && expected.get(position)?.equals(payload);
        if (!right) expect.fail(`position ${position} after ${before} is not what was appended`);
        before = position;
        found.add(position);
      }
      for (const position of expected.keys()) {
        const known = found.has(position) || faults.some((fault) => covers(fault, position));
        if (!known) expect.fail(`position ${position} is neither there nor reported`);
      }
    }
    await journal.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('whatever is appended, reopened and damaged', () => {
  it('reads every record back as it was, in order and once, when nothing is damaged', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(append, reopen), { maxLength: 12 }), follow), { numRuns: 15 });
  }, 60_000);

  it('reads every record back as it was or reports it', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: append },
      { weight: 1, arbitrary: flip },
      { weight: 1, arbitrary: cut },
    );
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), follow), { numRuns: 30 });
  }, 60_000);
});
