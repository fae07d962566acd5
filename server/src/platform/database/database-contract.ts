import type { Kysely } from 'kysely';

/** Records: everything relational. A feature sees its own tables only: `database.withTables<ThingTables>()`. */
// biome-ignore lint/complexity/noBannedTypes: no table is known before withTables
export type Database = Kysely<{}>;
