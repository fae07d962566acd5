import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRecordChanges } from '../../server/src/platform/database/record-changes.ts';
import { askPostgres, makeTestRecords } from '../../server/src/platform/database/records.test-support.ts';
import { until } from '../fixtures/until.ts';

const ends: (() => Promise<unknown>)[] = [];
let location: string;
beforeEach(async () => {
  const records = await makeTestRecords();
  ends.push(records.remove);
  location = records.location;
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test('who reads does not wait for what cannot be read again, and it is read as soon as it can', async () => {
  // Each writer is told by its name.
  const other = `${location}?application_name=luban-other`;
  await askPostgres(other, 'create table things (id text primary key)');
  const changes = createRecordChanges({ location, lines: () => undefined });
  let readable = true;
  const heard: (string | null)[] = [];
  changes.on('things', 'id', async (id) => {
    if (!readable) throw new Error('the records do not answer');
    heard.push(id);
  });
  await changes.start();
  ends.push(changes.stop);
  await until(() => changes.current(), 'all is read at the start');

  await askPostgres(other, "insert into things values ('thing:a')");
  expect(await changes.current()).toBe(true);
  expect(heard).toContain('thing:a');

  readable = false;
  await askPostgres(other, "insert into things values ('thing:b')");
  expect(await changes.current()).toBe(false);
  readable = true;
  await until(() => changes.current(), 'it is read again');
  expect(heard).toContain('thing:b');
});
