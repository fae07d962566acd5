import { join } from 'node:path';
import type { Kysely, Migration } from 'kysely';
import type { Database } from './database/database.ts';
import { openKeyFile, readKeyFile } from './key-file.ts';
import { errorLine } from './log-lines.ts';
import { createSealKey, type Sealer, type SealKey } from './sealing.ts';
import { StartRefusal } from './start-refusal.ts';

/** By which key the secrets in the records are sealed: one row. */
type SealKeyTables = { seal_keys: { name: string; fingerprint: string } };

export const sealKeyMigrations: Record<string, Migration> = {
  '0062-seal-keys': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('seal_keys')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('fingerprint', 'text', (column) => column.notNull())
        .execute();
    },
  },
};

/** The one key that there is. */
const name = 'records';
/** Its name in a data folder. */
export const sealKeyName = 'seal.key';

/** The fingerprint of the key that these records are sealed by; null: none has been yet. */
export async function sealKeyOf(database: Database): Promise<string | null> {
  const db = database.withTables<SealKeyTables>();
  const row = await db.selectFrom('seal_keys').select('fingerprint').where('name', '=', name).executeTakeFirst();
  return row?.fingerprint ?? null;
}

interface SealKeyOptions {
  readonly database: Database;
  /** The data folder, where the key is when nobody names another place for it. */
  readonly directory: string;
  /** LUBAN_SEAL_KEY_FILE. */
  readonly given: string | undefined;
  /** Any secret of the records that is sealed; null: there is none. */
  readonly sealedSecret: () => Promise<string | null>;
}

/**
 * The key that seals the secrets in the records: the same on every server. A platform that has none makes one, in its data
 * folder. Throws StartRefusal where the key is missing or another one: this server could read none of those secrets, and
 * what it sealed no other server could.
 */
export async function openSealKey({ database, directory, given, sealedSecret }: SealKeyOptions): Promise<SealKey> {
  const file = given ?? join(directory, sealKeyName);
  const named = 'LUBAN_SEAL_KEY_FILE';
  const isNew = (await sealKeyOf(database)) === null;
  if (isNew && given === undefined && read(file) === null) openKeyFile(file);
  const key = await findSealKey({ database, file, named });
  if (!isNew) return key;
  // Records may hold secrets from before fingerprints stood in them.
  const secret = await sealedSecret();
  if (secret !== null && !opens(key, secret)) throw other(file, named);
  if ((await claim(database, key.fingerprint)) !== key.fingerprint) throw other(file, named);
  return key;
}

/**
 * The key in `file`, for these records. `named`: how one says where it is. Throws StartRefusal where it is missing or the
 * records are sealed by another one.
 */
export async function findSealKey(where: { database: Database; file: string; named: string }): Promise<SealKey> {
  const { database, file, named } = where;
  const found = read(file);
  if (found === null) throw missing(file, named);
  const key = createSealKey(found);
  if (((await sealKeyOf(database)) ?? key.fingerprint) !== key.fingerprint) throw other(file, named);
  return key;
}

function read(file: string): Buffer | null {
  try {
    return readKeyFile(file);
  } catch (cause) {
    throw new StartRefusal(
      { zh: `封装密钥不可用：${errorLine(cause)}`, en: `The seal key cannot be used: ${errorLine(cause)}` },
      { cause },
    );
  }
}

/** Of servers that start at the same moment on new records the first one's key counts. */
async function claim(database: Database, fingerprint: string): Promise<string | null> {
  await database
    .withTables<SealKeyTables>()
    .insertInto('seal_keys')
    .values({ name, fingerprint })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return sealKeyOf(database);
}

/** Whether this key sealed it. */
function opens(key: Sealer, sealed: string): boolean {
  try {
    key.unseal(sealed);
    return true;
  } catch {
    // It says so by throwing, whatever the reason.
    return false;
  }
}

function missing(file: string, named: string): StartRefusal {
  return new StartRefusal({
    zh: `缺少封装密钥 ${file}，无法读取记录中的密文；请从该平台的其他服务器或备份中取得 seal.key 放到该处，或用 ${named} 指定其位置`,
    en: `There is no seal key ${file}, and without it the secrets in the records cannot be read. Put the seal.key of a server of that platform, or of a backup, there, or name its place with ${named}`,
  });
}

function other(file: string, named: string): StartRefusal {
  return new StartRefusal({
    zh: `${file} 不是封装这些记录的密钥：同一平台的所有服务器使用同一个 seal.key。请换成该平台其他服务器或备份中的 seal.key，或用 ${named} 指定其位置`,
    en: `${file} is not the key that these records are sealed by: all servers of a platform have the same seal.key. Put that of another server, or of a backup, in its place, or name its place with ${named}`,
  });
}
