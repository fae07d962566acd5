import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { errorLine, type LogLines } from '../log-lines.ts';
import { pause } from '../pause.ts';
import { isPostgresAddress } from './postgres-address.ts';

/** Hears the key of a row that another server has written, or `removed`; null: any row, changes may have gone by unheard. */
type Listener = (key: string | null, removed: boolean) => Promise<void>;

/**
 * What a feature holds in memory of the records stays as the records are, though other servers write them too. On
 * SQLite there is one server, and nothing to hear.
 */
export interface RecordChanges {
  /** Names this server's own writes, which it does not hear: for `openDatabase`. */
  readonly writer: string;
  /** `key`: the column whose value the listener gets. Before `start`. */
  on(table: string, key: string, listener: Listener): void;
  /** Resolves when nothing that is written from now on goes unheard. The tables must be there. */
  start(): Promise<void>;
  /**
   * Resolves to true when what had been written before the call has been heard, or when the records cannot be asked; to
   * false when it cannot be read again, or that takes longer than who asks should wait.
   */
  current(): Promise<boolean>;
  stop(): Promise<void>;
}

export function createRecordChanges({ location, lines }: { location: string; lines: LogLines }): RecordChanges {
  const writer = `luban-${randomUUID()}`;
  if (isPostgresAddress(location)) return createPostgresChanges(location, writer, lines);
  const nothing = async () => undefined;
  return { writer, on: () => undefined, start: nothing, current: async () => true, stop: nothing };
}

const channel = 'luban_changes';
const reconnectMs = 500;
/** How often it is asked whether the connection still lives, and how long the answer may take. */
const heartbeatMs = 10_000;
const readAgainMs = 1_000;

/** Triggers tell each row that is written, with the transaction that writes it; LISTEN hears them. */
function createPostgresChanges(address: string, writer: string, lines: LogLines): RecordChanges {
  const watched = new Map<string, { key: string; listener: Listener }>();
  /** `table` or `table key operation`, in the order of the commits, each once. */
  const waiting = new Set<string>();
  const stopping = new AbortController();
  let client: pg.Client | undefined;
  let working: Promise<void> | undefined;
  let heartbeat: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: address,
      application_name: writer,
      connectionTimeoutMillis: 5000,
      query_timeout: heartbeatMs,
      keepAlive: true,
    });
    next.on('error', () => undefined); // its end follows
    next.on('end', () => {
      if (client === next) void reconnect();
    });
    next.on('notification', ({ payload = '' }) => {
      const [by, table = '', ...change] = payload.split(' ');
      if (by !== writer && watched.has(table)) hear([table, ...change].join(' '));
    });
    try {
      await next.connect();
      await next.query(`listen ${channel}`);
    } catch (error) {
      // One that lives and hears nothing would be taken for good.
      void next.end().catch(() => undefined); // it may never have begun
      throw error;
    }
    if (stopping.signal.aborted) await next.end();
    else client = next;
  }

  async function reconnect(): Promise<void> {
    client = undefined;
    while (client === undefined && !stopping.signal.aborted) {
      await setTimeout(reconnectMs);
      await connect().catch((error: unknown) => lines('warn', 'records not heard', { cause: errorLine(error) }));
    }
    for (const table of watched.keys()) hear(table);
  }

  function hear(change: string): void {
    waiting.add(change);
    working ??= work().finally(() => {
      working = undefined;
    });
  }

  /** One after the other; what fails is tried again, or the memory would stay wrong. */
  async function work(): Promise<void> {
    for (const change of waiting) {
      if (stopping.signal.aborted) return;
      const [table = '', key = null, operation] = change.split(' ');
      waiting.delete(change);
      try {
        await watched.get(table)?.listener(key, operation === 'DELETE');
      } catch (error) {
        lines('warn', 'records not read again', { table, cause: errorLine(error) });
        waiting.add(change);
        await setTimeout(reconnectMs);
      }
    }
  }

  return {
    writer,
    on: (table, key, listener) => void watched.set(table, { key, listener }),
    async start() {
      await connect();
      await makeTriggers(client!, watched);
      // What was written between the first look and now.
      for (const table of watched.keys()) hear(table);
      heartbeat = setInterval(() => {
        const asked = client;
        asked?.query('select 1').catch(() => asked.end()); // half dead: its end brings a new one
      }, heartbeatMs);
      heartbeat.unref();
    },
    async current() {
      // A session gets the notifications of what was committed before its question along with the answer.
      const asked = client;
      await asked?.query('select 1').catch(() => asked.end());
      if (working === undefined) return true;
      const over = new AbortController();
      const read = working.then(() => true);
      const late = pause(readAgainMs, over.signal).then(() => false);
      return Promise.race([read, late]).finally(() => over.abort());
    },
    async stop() {
      stopping.abort();
      clearInterval(heartbeat);
      const last = client;
      client = undefined;
      await last?.end();
      await working;
    },
  };
}

/** Servers that start at once wait for each other. Names of tables and columns are our own. */
async function makeTriggers(client: pg.Client, watched: ReadonlyMap<string, { key: string }>): Promise<void> {
  await client.query('begin');
  await client.query("select pg_advisory_xact_lock(hashtext('luban_changed'))");
  await client.query(`create or replace function luban_changed() returns trigger language plpgsql as $$
    declare written jsonb;
    begin
      if tg_op = 'DELETE' then written := to_jsonb(old); else written := to_jsonb(new); end if;
      perform pg_notify('${channel}', current_setting('application_name') || ' ' || tg_table_name || ' ' || (written ->> tg_argv[0]) || ' ' || tg_op);
      return null;
    end $$`);
  for (const [table, { key }] of watched) {
    const { rows } = await client.query('select 1 from pg_trigger where tgname = $1 and tgrelid = $2::regclass', [
      'luban_changed',
      table,
    ]);
    if (rows.length === 0)
      await client.query(`create trigger luban_changed after insert or update or delete on ${table}
        for each row execute function luban_changed('${key}')`);
  }
  await client.query('commit');
}
