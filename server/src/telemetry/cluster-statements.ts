import { TelemetryFault } from './telemetry-fault.ts';

/**
 * All that differs between one ClickHouse and a cluster. The store's statements are written for tables of one server;
 * here each table `t` becomes two: `t_local`, replicated, on every server, and `t`, which spreads over the shards what
 * is written and gathers what is read. Rows of one series lie on one shard, so that newer ones replace older ones there.
 */
export interface ClusterStatements {
  /** Statements that together do what `sql` says. Throws TelemetryFault `telemetry.refused` for one of a kind unknown here. */
  run(sql: string): string[];
  query(sql: string): string;
}

/** For every statement: rows are on their shards, and on more than half of the replicas there, before an insert counts. */
export const clusterSettings = {
  distributed_foreground_insert: 1,
  insert_quorum: 'auto',
  distributed_ddl_task_timeout: 120,
  mutations_sync: 2,
  alter_sync: 2,
} as const;

const create =
  /^CREATE TABLE IF NOT EXISTS (\w+)\s*(\([\s\S]*\))\s*ENGINE = (\w*)MergeTree(?:\((\w+)\))?([\s\S]*?ORDER BY (\w+|\([^)]*\))[\s\S]*)$/;
const alter = /^ALTER TABLE (\w+) ([\s\S]*)$/;
const optimize = /^OPTIMIZE TABLE (\w+)(.*)$/;
const truncate = /^TRUNCATE TABLE (\w+)$/;

export function clusterStatements(cluster: string, database: string): ClusterStatements {
  const everywhere = `ON CLUSTER '${cluster}'`;

  function createBoth(sql: string): string[] {
    const [, table = '', columns = '', kind = '', version, rest = '', order = ''] = create.exec(sql) ?? [];
    const path = `'/clickhouse/tables/{shard}/${database}/${table}_local', '{replica}'`;
    const engine = `Replicated${kind}MergeTree(${version === undefined ? path : `${path}, ${version}`})`;
    const settings = rest.replace('non_replicated_deduplication_window', 'replicated_deduplication_window');
    return [
      `CREATE TABLE IF NOT EXISTS ${table}_local ${everywhere} ${columns} ENGINE = ${engine}${settings}`,
      `CREATE TABLE IF NOT EXISTS ${table} ${everywhere} AS ${table}_local
       ENGINE = Distributed('${cluster}', '${database}', '${table}_local', cityHash64(${shardKey(order)}))`,
    ];
  }

  return {
    run(sql) {
      if (create.test(sql)) return createBoth(sql);
      const [, altered, change] = alter.exec(sql) ?? [];
      if (altered !== undefined) return [`ALTER TABLE ${altered}_local ${everywhere} ${change}`];
      const [, merged, how] = optimize.exec(sql) ?? [];
      if (merged !== undefined) return [`OPTIMIZE TABLE ${merged}_local ${everywhere}${how}`];
      const [, emptied] = truncate.exec(sql) ?? [];
      if (emptied !== undefined) return [`TRUNCATE TABLE ${emptied}_local ${everywhere}`];
      if (/^(INSERT INTO \w+|SELECT)\s/.test(sql)) return [sql];
      throw new TelemetryFault('telemetry.refused', `no statement for a cluster: ${sql.slice(0, 60)}`);
    },
    /** The parts of one replica of each shard. */
    query: (sql) =>
      sql
        .replaceAll('FROM system.parts', `FROM cluster('${cluster}', system.parts)`)
        .replaceAll(/(database = )currentDatabase\(\)( AND table = ')(\w+)'/g, `$1'${database}'$2$3_local'`),
  };
}

/** Rows that replace each other have the same key, so what the shard follows from is a part of it. */
function shardKey(order: string): string {
  const key = order.replaceAll(/[()\s]/g, '').split(',');
  return key.includes('series') ? 'tenant, series' : key.join(', ');
}
