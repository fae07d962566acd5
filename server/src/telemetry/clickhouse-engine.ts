import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { ClickHouseError, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { bindNumbers } from './bind-numbers.ts';
import type { ClickhouseAddress } from './clickhouse-address.ts';
import { faultCodeOf } from './clickhouse-codes.ts';
import { clusterSettings, clusterStatements } from './cluster-statements.ts';
import { decodeNumbers } from './native-numbers.ts';
import { sessionSettings } from './session-settings.ts';
import type { EngineParameters, EngineState, QueryLimits, TelemetryEngine } from './telemetry-engine.ts';
import { TelemetryFault } from './telemetry-fault.ts';

interface ClickhouseEngineOptions {
  readonly address: ClickhouseAddress;
  readonly onFault: (fault: TelemetryFault) => void;
  /** Called for each question that met damage in the server's files. */
  readonly onDamage?: (fault: TelemetryFault) => void;
  /** Called each time after the server has come back. */
  readonly onRestart: () => void;
}

const startTimeoutMs = 30_000;
const probeEveryMs = 500;
/** What a call may take beyond the server's own limit before it counts as lost. */
const graceMs = 10_000;
const insertTimeoutMs = 120_000;
const defaultMemoryBytes = 1 << 30;
/** Unknown database, unknown user, wrong password, not signed in. */
const hopeless = new Set([81, 192, 193, 516]);
/** Long calls send something now and then, so that nothing between here and there takes them for dead. */
const longCallMs = 20_000;

/** ClickHouse by HTTP: one server, or any server of a cluster. */
export function createClickhouseEngine({
  address,
  onFault,
  onDamage,
  onRestart,
}: ClickhouseEngineOptions): TelemetryEngine {
  const { url, user, password, database, cluster } = address;
  const statements = cluster === undefined ? undefined : clusterStatements(cluster, database);
  const open = (connections: number) =>
    createClient({
      url,
      username: user,
      password,
      database,
      application: 'luban',
      max_open_connections: connections,
      request_timeout: 2_000_000, // each call has a limit of its own
      log: { level: ClickHouseLogLevel.OFF }, // what goes wrong is told by faults
      clickhouse_settings: settingsOf({ ...sessionSettings, ...(statements ? clusterSettings : {}) }),
    });
  /** Two, so that no question waits for an insert. */
  let writes: ReturnType<typeof open> | undefined;
  let reads: ReturnType<typeof open> | undefined;
  let state: EngineState = 'stopped';

  function lost(cause: unknown): TelemetryFault {
    const fault = new TelemetryFault('telemetry.unavailable', `ClickHouse at ${url}: ${(cause as Error).message}`, {
      cause,
    });
    if (state === 'ready') {
      state = 'recovering';
      onFault(fault);
      void untilBack();
    }
    return fault;
  }

  async function untilBack(): Promise<void> {
    while (state === 'recovering') {
      await setTimeout(probeEveryMs);
      // Refused or not there: it is asked again either way, it may be set right.
      if (!(await answers().catch(() => false)) || state !== 'recovering') continue;
      state = 'ready';
      onRestart();
    }
  }

  /** Throws when it is in vain to ask again. */
  async function answers(): Promise<boolean> {
    const answer = await reads?.ping({ select: true });
    if (answer === undefined || answer.success) return answer !== undefined;
    if (answer.error instanceof ClickHouseError && hopeless.has(Number(answer.error.code)))
      throw new TelemetryFault(
        'telemetry.refused',
        `ClickHouse at ${url} refuses: user and password right, database ${database} made?`,
        { cause: answer.error },
      );
    return false;
  }

  async function call<Result>(timeoutMs: number, ask: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (state !== 'ready') throw new TelemetryFault('telemetry.unavailable', `the time series store is ${state}`);
    const signal = AbortSignal.timeout(timeoutMs + graceMs);
    try {
      return await ask(signal);
    } catch (error) {
      if (error instanceof ClickHouseError) {
        const code = faultCodeOf(Number(error.code));
        if (code === 'telemetry.unavailable') throw lost(error);
        const fault = new TelemetryFault(code, error.message, { cause: error });
        if (code === 'telemetry.damaged') onDamage?.(fault);
        throw fault;
      }
      throw lost(signal.aborted ? new Error(`no answer in ${timeoutMs + graceMs} ms`, { cause: error }) : error);
    }
  }

  function ask<Body>(
    sql: string,
    parameters: EngineParameters,
    limits: QueryLimits = {},
    format: 'JSONCompactColumns' | 'Native',
    read: (stream: Readable) => Promise<Body>,
  ): Promise<Body> {
    const timeoutMs = limits.timeoutMs ?? 15_000;
    const bound = bindNumbers(statements?.query(sql) ?? sql, parameters);
    return call(timeoutMs, async (abort_signal) => {
      const { stream } = await reads!.exec({
        query: `${bound} FORMAT ${format}`,
        abort_signal,
        clickhouse_settings: settingsOf({
          max_execution_time: timeoutMs / 1000,
          max_rows_to_read: limits.rowsToRead ?? 50_000_000,
          max_result_rows: limits.resultRows ?? 500_000,
          max_memory_usage: limits.memoryBytes ?? defaultMemoryBytes,
          wait_end_of_query: 1, // whole, or an error
          ...(limits.threads !== undefined && { max_threads: limits.threads }),
        }),
      });
      return read(stream);
    });
  }

  return {
    get state() {
      return state;
    },
    async start() {
      if (state !== 'stopped') return;
      state = 'starting';
      writes = open(4);
      reads = open(8);
      try {
        for (const endMs = performance.now() + startTimeoutMs; !(await answers()); await setTimeout(probeEveryMs))
          if (performance.now() > endMs)
            throw new TelemetryFault('telemetry.unavailable', `ClickHouse at ${url} does not answer`);
      } catch (error) {
        await this.stop();
        throw error;
      }
      state = 'ready';
    },
    async stop() {
      state = 'stopped';
      await Promise.all([writes?.close(), reads?.close()]);
      writes = undefined;
      reads = undefined;
    },
    async run(sql, timeoutMs = 60_000) {
      for (const query of statements?.run(sql) ?? [sql])
        await call(timeoutMs, (abort_signal) =>
          writes!.command({ query, abort_signal, clickhouse_settings: timeoutMs > longCallMs ? keepAlive : {} }),
        );
    },
    async insertNative(table, block, token) {
      if (!/^\w+$/.test(table) || !/^[\w-]+$/.test(token))
        throw new TelemetryFault('telemetry.refused', `not a table and a token: ${table}, ${token}`);
      await call(insertTimeoutMs, async (abort_signal) => {
        const { stream } = await writes!.exec({
          query: `INSERT INTO ${table} FORMAT Native`,
          values: Readable.from([block], { objectMode: false }),
          abort_signal,
          clickhouse_settings: { insert_deduplication_token: token },
        });
        for await (const _ of stream); // nothing comes, and the connection is free again
      });
    },
    async selectNative(sql, timeoutMs) {
      return call(timeoutMs, async (abort_signal) => {
        const { stream } = await reads!.exec({
          query: `${statements?.query(sql) ?? sql} FORMAT Native`,
          abort_signal,
          clickhouse_settings: settingsOf({
            max_execution_time: timeoutMs / 1000,
            max_rows_to_read: 0,
            wait_end_of_query: 1, // whole, or an error
          }),
        });
        return buffer(stream);
      });
    },
    async query(sql, parameters, limits) {
      const body = await ask(sql, parameters, limits, 'JSONCompactColumns', text);
      return body.trim() === '' ? [] : (JSON.parse(body) as unknown[][]);
    },
    queryNumbers: async (sql, parameters, limits) =>
      decodeNumbers(await ask(sql, parameters, limits, 'Native', buffer)),
  };
}

/** The client wants 64-bit settings as text. */
function settingsOf(values: Readonly<Record<string, number | string>>): ClickHouseSettings {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

const keepAlive = settingsOf({ send_progress_in_http_headers: 1, http_headers_progress_interval_ms: 10_000 });
