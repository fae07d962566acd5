import { sql } from 'kysely';
import { StartRefusal } from '../start-refusal.ts';
import type { Database } from './database.ts';

/** What a move is of: the platform that it carries over, and exactly which content of it. */
export interface MoveSource {
  readonly platform: string;
  readonly fingerprint: string;
}

const name = 'unfinished_move';

/** Records that are being carried over into this database; null when they are not. */
export async function unfinishedMove(database: Database): Promise<MoveSource | null> {
  if (!(await database.introspection.getTables()).some((table) => table.name === name)) return null;
  const { rows } = await sql<MoveSource>`select platform, fingerprint from ${sql.table(name)}`.execute(database);
  return rows[0] ?? null;
}

/** From now on no platform starts on this database, until `endMove`. */
export async function beginMove(database: Database, { platform, fingerprint }: MoveSource): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const table = sql.table(name);
    await sql`create table if not exists ${table} (platform text not null, fingerprint text not null)`.execute(
      transaction,
    );
    await sql`delete from ${table}`.execute(transaction);
    await sql`insert into ${table} values (${platform}, ${fingerprint})`.execute(transaction);
  });
}

export async function endMove(database: Database): Promise<void> {
  await sql`drop table if exists ${sql.table(name)}`.execute(database);
}

/** Half of the records would look like all of them. Throws StartRefusal. */
export async function refuseUnfinishedMove(database: Database): Promise<void> {
  if ((await unfinishedMove(database)) === null) return;
  throw new StartRefusal({
    zh: '业务数据的迁移尚未完成；请再次运行同一条 npm run move 命令',
    en: 'The move of the records is not finished. Run the same npm run move command again',
  });
}
