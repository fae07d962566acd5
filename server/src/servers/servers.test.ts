import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from '../platform/database/database.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { createServers, type Servers, spoken } from './servers.ts';
import { serverMigrations } from './servers-migrations.ts';

const patient = { timeout: 30_000, interval: 100 };
let records: Awaited<ReturnType<typeof openTestDatabase>>;
let running: Servers[];
beforeEach(async () => {
  records = await openTestDatabase();
  await migrate(records.database, serverMigrations);
  running = [];
});
afterEach(async () => {
  for (const one of running) await one.stop();
  await records.close();
});

async function start(id: string): Promise<Servers> {
  const { database } = records;
  const server = createServers({
    ...{ database, id, roles: ['door'], shared: true, version: '1', nowMs: Date.now, lines: () => undefined },
  });
  running.push(server);
  await server.start();
  return server;
}

test('an upgrade goes on as long as a server of an earlier version is there, which says nothing of what it understands', async () => {
  const first = await start('server:a');
  expect(first.othersSpeak(spoken.derivedTokens)).toBe(true);
  await sql`insert into servers (id, name, roles, version, started_ms, beat)
    values ('server:old', 'old', '["door"]', '0', 0, 1)`.execute(records.database);
  const second = await start('server:b');
  expect(second.othersSpeak(spoken.derivedTokens)).toBe(false);
  await expect.poll(() => first.othersSpeak(spoken.derivedTokens), patient).toBe(false);
  await sql`delete from servers where id = 'server:old'`.execute(records.database);
  await expect.poll(() => first.othersSpeak(spoken.derivedTokens), patient).toBe(true);
});
