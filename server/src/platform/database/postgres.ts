import { Kysely, type Logger, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { Refusal } from '../errors.ts';
import { ByteOrderCompiler } from './byte-order.ts';
import type { Database } from './database-contract.ts';
import { repeatTransactions } from './repeat-transactions.ts';

/** A question that lasts longer is given up: its connection may be dead without having said so. */
const queryTimeoutMs = 60_000;
const maxConnections = 20;

/** Opens PostgreSQL at an address. Nothing is asked yet: the first query connects. */
export function openPostgres(address: string, writer: string, log?: Logger): Database {
  const pool = new pg.Pool({
    connectionString: address,
    max: maxConnections,
    connectionTimeoutMillis: 5000,
    query_timeout: queryTimeoutMs,
    idle_in_transaction_session_timeout: queryTimeoutMs,
    keepAlive: true,
    application_name: writer,
    types: { getTypeParser: parserOf },
  });
  // A lost connection is told to whoever asks something over it; one that nobody uses is simply replaced.
  const ignore = () => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  const dialect = new (class extends PostgresDialect {
    override createQueryCompiler() {
      return new ByteOrderCompiler();
    }
  })({
    pool: { connect: () => connect(pool), end: () => pool.end() },
  });
  return repeatTransactions(new Kysely({ dialect, ...(log && { log }) }));
}

async function connect(pool: pg.Pool): Promise<PostgresPoolClient> {
  const client = await pool.connect().catch((error: unknown) => {
    throw told(error);
  });
  let lost = false;
  return {
    // Cursors are never asked for: one query, one result.
    async query(statement: unknown, values?: readonly unknown[]) {
      try {
        return await client.query(statement as string, values as unknown[]);
      } catch (error) {
        lost ||= isLoss(error);
        throw told(error);
      }
    },
    release: () => client.release(lost),
  } as unknown as PostgresPoolClient;
}

const lossCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);
/** Classes of PostgreSQL's codes: connection, too many of them, shutdown; and a standby that was the main server. */
const lossStates = /^(08|53300|57P|25006)/;
/** What the driver says without a code. */
const lossWords =
  /Connection terminated|connection error|not queryable|timeout exceeded when trying|Query read timeout/;

function isLoss(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isLoss);
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return lossCodes.has(code) || lossStates.test(code) || lossWords.test(message);
}

function told(error: unknown): unknown {
  return isLoss(error) ? new Refusal('records.unavailable', undefined, undefined, { cause: error }) : error;
}

/** The driver gives bigint and numeric as text; ours are counts and times, and SQLite gives numbers. */
function parserOf(type: number, format?: 'text' | 'binary') {
  const isLong = type === pg.types.builtins.INT8 || type === pg.types.builtins.NUMERIC;
  return isLong && format !== 'binary' ? toNumber : pg.types.getTypeParser(type, format as 'text');
}

function toNumber(text: string): number {
  const number = Number(text);
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) throw new Error(`the database gave ${text}: too large for a number`);
  return number;
}
