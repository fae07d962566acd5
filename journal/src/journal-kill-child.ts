/** Appends until it is killed; prints each acknowledged position with its payload's number. Run by journal-kill.test.ts. */
import { writeSync } from 'node:fs';
import { openJournal } from './journal.ts';
import { payloadOf } from './journal-kill-payload.ts';

const journal = await openJournal({ directory: process.argv[2]!, segmentBytes: 256 * 1024 });
writeSync(1, `next ${journal.next}\n`);
let serial = journal.next;

async function appendOn(): Promise<void> {
  for (;;) {
    const mine = serial++;
    const position = await journal.append(payloadOf(mine));
    writeSync(1, `${position} ${mine}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, appendOn));
