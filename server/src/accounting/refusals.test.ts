import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRefusalCounts } from '../ingest/refusal-counts.ts';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { accountingMigrations } from './accounting-migrations.ts';
import { createAccountingStore } from './accounting-store.ts';
import { createRefusals } from './refusals.ts';

let records: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  records = await openTestDatabase();
  await migrate(records.database, accountingMigrations);
});
afterEach(() => records.close());

const edge = { tenantNumber: 1, number: 7 };
const other = { tenantNumber: 2, number: 8 };

/** A server's doors, and what it knows of all that was refused. */
function door() {
  const counts = createRefusalCounts();
  const store = createAccountingStore(records.database);
  return { counts, refusals: createRefusals({ here: counts.all, read: store.refusals, add: store.addRefusals }) };
}

test('what was refused at any door is known at every other once it is saved, and counts once', async () => {
  const [here, there] = [door(), door()];
  here.counts.count(edge, 'malformed', 3, 1, new Map([['device:a', 2]]));
  there.counts.count(edge, 'malformed', 4, 1, new Map([['device:a', 4]]));
  there.counts.count(other, 'malformed', 9, 1, new Map([['device:b', 9]]));
  const all = { sender: 7, holder: null, reason: 'malformed' };
  const ofDevice = { ...all, holder: 'device:a' };
  const read = async () => (await here.refusals.of([7], ['device:a'])).sort((a, b) => a.samples - b.samples);
  expect(await read(), 'its own, before any is saved').toEqual([
    { ...ofDevice, samples: 2, batches: 1 },
    { ...all, samples: 3, batches: 1 },
  ]);
  // Whoever reads while they are being saved finds them once.
  const saving = Promise.all([here.refusals.save(), there.refusals.save()]);
  const meanwhile = await read();
  expect(meanwhile.filter(({ holder }) => holder === null)).toEqual([
    expect.objectContaining({ samples: expect.toSatisfy((samples) => samples === 3 || samples === 7) }),
  ]);
  await saving;
  const both = [
    { ...ofDevice, samples: 6, batches: 2 },
    { ...all, samples: 7, batches: 2 },
  ];
  expect(await read()).toEqual(both);
  await here.refusals.save();
  expect(await read(), 'saved again').toEqual(both);
  expect(await door().refusals.of([7], ['device:a']), 'after a restart').toHaveLength(2);
  here.counts.count(edge, 'no-property', 5, 0);
  expect((await here.refusals.of([7], [])).map(({ reason, samples }) => [reason, samples]).sort()).toEqual([
    ['malformed', 7],
    ['no-property', 5],
  ]);
});
