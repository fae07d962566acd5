import { setTimeout } from 'node:timers/promises';
import type { Database } from '../platform/database/database.ts';
import { StartRefusal } from '../platform/start-refusal.ts';
import { createServersStore } from './servers-store.ts';

/** A server at work raises its beat every two seconds. */
const watchedMs = 5000;

/** Throws StartRefusal when a server of the platform, of whatever role, is at work. Takes five seconds. */
export async function refuseServers(database: Database): Promise<void> {
  const store = createServersStore(database);
  const before = new Map((await store.all()).map(({ id, beat }) => [id, beat]));
  if (before.size === 0) return;
  await setTimeout(watchedMs);
  const alive = (await store.all()).filter(({ id, beat }) => before.get(id) !== beat);
  if (alive.length === 0) return;
  const names = alive.map(({ name, id }) => `${name} (${id})`).join(', ');
  throw new StartRefusal({
    zh: `平台的服务器仍在运行：${names}；请全部停止（包括只做接入的服务器），再运行同一条命令`,
    en: `Servers of the platform are at work: ${names}. Stop all of them, doors too, then run the same command again`,
  });
}
