import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counterMigrations } from '../../server/src/platform/database/counters.ts';
import { migrate, openDatabase } from '../../server/src/platform/database/database.ts';
import { startPostgres } from '../fixtures/cluster/postgres-server.ts';
import { until } from '../fixtures/until.ts';

type Tables = { counters: { name: string; value: number } };

let postgres: Awaited<ReturnType<typeof startPostgres>>;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.remove());

test('PostgreSQL crashes in mid-write: whoever asks is told, it goes on by itself, and what was acknowledged is there', async () => {
  const database = openDatabase(postgres.url);
  await migrate(database, counterMigrations);
  const db = database.withTables<Tables>();
  const acknowledged: number[] = [];
  const refused = new Set<string>();
  const stop = new AbortController();
  let next = 0;
  const write = async (inTransaction: boolean) => {
    while (!stop.signal.aborted) {
      const id = next++;
      const insert = (on: Pick<typeof db, 'insertInto'>) =>
        on
          .insertInto('counters')
          .values({ name: `n${id}`, value: id })
          .execute();
      try {
        if (inTransaction) await db.transaction().execute(insert);
        else await insert(db);
        acknowledged.push(id);
      } catch (error) {
        refused.add((error as { code: string }).code);
        await setTimeout(20);
      }
    }
  };
  const writers = Promise.all([write(true), write(false), write(true), write(false)]);
  for (let crash = 0; crash < 3; crash++) {
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 100, 'writes get through');
    await postgres.crash();
    await setTimeout(200);
    await postgres.start();
  }
  const before = acknowledged.length;
  await until(() => acknowledged.length > before + 100, 'writes get through after the last crash');
  stop.abort();
  await writers;
  expect([...refused]).toEqual(['records.unavailable']);
  const stored = new Set((await db.selectFrom('counters').select('value').execute()).map(({ value }) => value));
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  await database.destroy();
});

test('a PostgreSQL that is not there is named when the platform starts, without its password', async () => {
  const database = openDatabase(postgres.url.replace(/:\d+\//, ':1/'));
  const error = await migrate(database, counterMigrations).catch((reason: unknown) => reason);
  const told = JSON.stringify(error, (_, value) =>
    value instanceof Error ? { ...value, text: `${value.message}`, cause: value.cause } : value,
  );
  expect(told).toContain('ECONNREFUSED');
  expect(told).not.toContain('p@ss');
  await database.destroy();
});
