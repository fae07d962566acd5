import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bindNumbers } from './bind-numbers.ts';
import { type AnswerFormat, type ChdbAnswer, type ChdbCall, laneWidths, queryThreads } from './chdb-messages.ts';
import { removeOldSnapshot, snapshotChdb } from './chdb-snapshot.ts';
import { faultCodeOf } from './clickhouse-codes.ts';
import { decodeNumbers } from './native-numbers.ts';
import type { EngineParameters, EngineState, QueryLimits, TelemetryEngine } from './telemetry-engine.ts';
import { TelemetryFault } from './telemetry-fault.ts';

export interface ChdbEngineOptions {
  /** chDB's data folder; one process at a time. */
  readonly directory: string;
  readonly memoryLimitBytes: number;
  readonly onFault: (fault: TelemetryFault) => void;
  /** Called for each question that met damage in chDB's files. */
  readonly onDamage?: (fault: TelemetryFault) => void;
  /** Called each time after chDB has come back by itself. */
  readonly onRestart?: () => void;
}

/** For tests: the process id of chDB. */
export interface ChdbEngine extends TelemetryEngine {
  readonly pid: number | undefined;
}

interface Pending {
  readonly call: ChdbCall;
  readonly timeoutMs: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (fault: TelemetryFault) => void;
  /** While it waits: when it is told to come back. Under way: when chDB counts as stuck. */
  deadline: NodeJS.Timeout;
}

const maxWaiting = 128;
const startTimeoutMs = 30_000;
const firstBackOffMs = 100;
const maxBackOffMs = 10_000;
/** What a call may take beyond the engine's own limit before chDB counts as stuck and is killed. */
const graceMs = 15_000;
const insertTimeoutMs = 120_000;

/** chDB in a process of its own, started again when it dies. Only local folders; Linux and macOS with glibc. */
export function createChdbEngine(options: ChdbEngineOptions): ChdbEngine {
  const { directory, memoryLimitBytes, onFault } = options;
  const blockFolder = join(
    existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
    `luban-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`,
  );
  const underWay = new Map<number, Pending>();
  const waiting: Record<ChdbCall['kind'], Pending[]> = { insert: [], run: [], query: [] };
  let child: ChildProcess | undefined;
  let state: EngineState = 'stopped';
  let lastWords = '';
  let backOffMs = firstBackOffMs;
  let restart: NodeJS.Timeout | undefined;
  let lastId = 0;
  let starting: { resolve: () => void; reject: (fault: TelemetryFault) => void } | undefined;

  function launch(): void {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const script = fileURLToPath(new URL('./chdb-child.ts', import.meta.url));
    const started = spawn(process.execPath, ['--import', tsx, script, directory, String(memoryLimitBytes)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
    });
    child = started;
    lastWords = '';
    started.stderr!.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-2000);
    });
    started.on('message', (answer: ChdbAnswer) => {
      if (child === started) onAnswer(answer);
    });
    started.on('error', (cause) => {
      if (child === started) onGone(`chDB did not start: ${cause.message}`);
    });
    started.on('exit', (code, signal) => {
      if (child === started) onGone(`chDB ended (${signal ?? code}): ${lastWords.trim().slice(-500)}`);
    });
  }

  function onAnswer(answer: ChdbAnswer): void {
    if (answer.kind === 'ready') {
      const again = state === 'recovering';
      state = 'ready';
      backOffMs = firstBackOffMs;
      starting?.resolve();
      starting = undefined;
      if (again) options.onRestart?.();
      return;
    }
    const pending = underWay.get(answer.id);
    if (!pending) return;
    underWay.delete(answer.id);
    clearTimeout(pending.deadline);
    pump(pending.call.kind);
    if (answer.kind === 'done') pending.resolve(answer.bytes);
    else {
      const code = faultCodeOf(answer.clickhouseCode);
      const fault = new TelemetryFault(code, answer.message, { cause: answer });
      if (code === 'telemetry.damaged') options.onDamage?.(fault);
      pending.reject(fault);
    }
  }

  function onGone(reason: string): void {
    child = undefined;
    const fault = new TelemetryFault('telemetry.unavailable', reason);
    for (const pending of [...underWay.values(), ...Object.values(waiting).flat()]) {
      clearTimeout(pending.deadline);
      pending.reject(fault);
    }
    underWay.clear();
    for (const lane of Object.values(waiting)) lane.length = 0;
    if (state === 'stopped') return;
    if (state === 'ready') state = 'recovering';
    onFault(fault);
    restart = setTimeout(launch, backOffMs);
    backOffMs = Math.min(backOffMs * 2, maxBackOffMs);
  }

  function call(
    kind: ChdbCall['kind'],
    sql: string,
    settings: string,
    timeoutMs: number,
    format: AnswerFormat = 'JSONCompactColumns',
  ): Promise<Uint8Array> {
    if (state !== 'ready' || !child)
      return Promise.reject(new TelemetryFault('telemetry.unavailable', `the time series store is ${state}`));
    const lane = waiting[kind];
    if (lane.length >= maxWaiting)
      return Promise.reject(new TelemetryFault('telemetry.busy', `${lane.length} questions are waiting`));
    return new Promise((resolve, reject) => {
      const tooLong = () => {
        lane.splice(lane.indexOf(pending), 1);
        reject(new TelemetryFault('telemetry.busy', `waited ${timeoutMs} ms behind other questions`));
      };
      const deadline = setTimeout(tooLong, timeoutMs);
      const pending = { call: { id: ++lastId, kind, sql, settings, format }, timeoutMs, resolve, reject, deadline };
      lane.push(pending);
      pump(kind);
    });
  }

  /** Hands chDB what it can begin at once: a question's time runs while chDB works on it, not while it waits. */
  function pump(kind: ChdbCall['kind']): void {
    const to = child;
    const lane = waiting[kind];
    let busy = 0;
    for (const { call } of underWay.values()) if (call.kind === kind) busy++;
    for (; to && busy < laneWidths[kind] && lane.length > 0; busy++) {
      const pending = lane.shift()!;
      const { id } = pending.call;
      clearTimeout(pending.deadline);
      // A stuck engine answers nobody: killing it brings a new one, and every caller learns of it.
      pending.deadline = setTimeout(() => to.kill('SIGKILL'), pending.timeoutMs + graceMs);
      underWay.set(id, pending);
      to.send(pending.call, (error) => {
        if (!error || !underWay.delete(id)) return;
        clearTimeout(pending.deadline);
        pending.reject(new TelemetryFault('telemetry.unavailable', 'chDB cannot be reached', { cause: error }));
      });
    }
  }

  async function ask(sql: string, parameters: EngineParameters, limits: QueryLimits = {}, format: AnswerFormat) {
    const timeoutMs = limits.timeoutMs ?? 15_000;
    // All of them each time: settings of one question stay with its connection.
    const settings =
      ` SETTINGS max_execution_time = ${timeoutMs / 1000}, max_rows_to_read = ${limits.rowsToRead ?? 50_000_000}` +
      `, max_result_rows = ${limits.resultRows ?? 500_000}, max_threads = ${limits.threads ?? queryThreads}` +
      `, max_memory_usage = ${limits.memoryBytes ?? Math.floor(memoryLimitBytes / 4)}`;
    return call('query', bindNumbers(sql, parameters), settings, timeoutMs, format);
  }

  return {
    get state() {
      return state;
    },
    get pid() {
      return child?.pid;
    },
    async start() {
      if (state !== 'stopped') return;
      await rm(blockFolder, { recursive: true, force: true });
      await mkdir(blockFolder, { recursive: true, mode: 0o700 });
      await mkdir(directory, { recursive: true });
      await removeOldSnapshot(directory);
      state = 'starting';
      const ready = new Promise<void>((resolve, reject) => {
        starting = { resolve, reject };
      });
      const tooLate = setTimeout(
        () => starting?.reject(new TelemetryFault('telemetry.unavailable', `chDB does not start: ${lastWords.trim()}`)),
        startTimeoutMs,
      );
      launch();
      try {
        await ready;
      } catch (error) {
        await this.stop();
        throw error;
      } finally {
        clearTimeout(tooLate);
      }
    },
    async stop() {
      if (state === 'stopped') return;
      state = 'stopped';
      clearTimeout(restart);
      starting?.reject(new TelemetryFault('telemetry.unavailable', 'stopped while starting'));
      starting = undefined;
      const ending = child;
      if (ending && ending.exitCode === null && ending.signalCode === null) {
        const gone = new Promise((resolve) => ending.once('exit', resolve));
        const hard = setTimeout(() => ending.kill('SIGKILL'), 5000);
        ending.send({ kind: 'stop' }, (error) => {
          if (error) ending.kill('SIGKILL');
        });
        await gone;
        clearTimeout(hard);
      }
      await rm(blockFolder, { recursive: true, force: true });
    },
    async run(sql, timeoutMs = 60_000) {
      await call('run', sql, '', timeoutMs);
    },
    async insertNative(table, block, token) {
      if (!/^\w+(\.\w+)?$/.test(table) || !/^[\w-]+$/.test(token))
        throw new TelemetryFault('telemetry.refused', `not a table and a token: ${table}, ${token}`);
      const file = join(blockFolder, `${++lastId}.native`);
      await writeFile(file, block, { mode: 0o600 });
      try {
        const sql = `INSERT INTO ${table} SELECT * FROM file('${quoted(file)}', 'Native')`;
        await call('insert', sql, ` SETTINGS insert_deduplication_token = '${token}'`, insertTimeoutMs);
      } finally {
        await rm(file, { force: true });
      }
    },
    async selectNative(sql, timeoutMs) {
      const file = join(blockFolder, `${++lastId}.native`);
      try {
        await call('run', `INSERT INTO FUNCTION file('${quoted(file)}', 'Native') ${sql}`, '', timeoutMs);
        return await readFile(file);
      } finally {
        await rm(file, { force: true });
      }
    },
    snapshot(into) {
      return snapshotChdb(this, directory, into);
    },
    async query(sql, parameters, limits) {
      const text = new TextDecoder().decode(await ask(sql, parameters, limits, 'JSONCompactColumns'));
      return text === '' ? [] : (JSON.parse(text) as unknown[][]);
    },
    queryNumbers: async (sql, parameters, limits) => decodeNumbers(await ask(sql, parameters, limits, 'Native')),
  };
}

function quoted(path: string): string {
  return path.replaceAll(/['\\]/g, '\\$&');
}
