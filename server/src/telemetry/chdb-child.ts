import { type ChdbResult, Session } from 'chdb';
import { type ChdbAnswer, type ChdbCall, laneWidths, queryThreads } from './chdb-messages.ts';
import { sessionSettings } from './session-settings.ts';

/**
 * The process that holds chDB. Started by `chdb-engine.ts` with the data folder and the memory limit in bytes; ends at
 * once when its parent goes away. Each connection answers one call at a time: one is for inserts, one for upkeep, the
 * others for questions, so that no question waits for an insert.
 */
const [directory, memoryBytes] = process.argv.slice(2);
if (directory === undefined || memoryBytes === undefined || !process.send)
  throw new Error('chdb-child: started by hand; it needs its parent');

// Kill, not exit: chDB's threads may be in the middle of anything, and its files are safe against that.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C reaches the whole group; the parent decides when this process ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const settings = { ...sessionSettings, max_threads: queryThreads, max_insert_threads: 1 };
const setting = `SET ${Object.entries(settings)
  .map(([name, value]) => `${name} = ${value}`)
  .join(', ')}`;

function connect(): Session {
  const session = new Session(directory!, { connectionArgs: [`--max_server_memory_usage=${memoryBytes}`] });
  session.query(setting);
  return session;
}

interface Lane {
  readonly sessions: Set<Session>;
  readonly idle: Session[];
  readonly waiting: ChdbCall[];
}

function openLane(width: number): Lane {
  const sessions = Array.from({ length: width }, connect);
  return { sessions: new Set(sessions), idle: sessions, waiting: [] };
}

const lanes = {
  insert: openLane(laneWidths.insert),
  run: openLane(laneWidths.run),
  query: openLane(laneWidths.query),
};

function send(answer: ChdbAnswer): void {
  if (process.connected) process.send!(answer);
}

function pump(lane: Lane): void {
  while (lane.waiting.length > 0 && lane.idle.length > 0) {
    const session = lane.idle.pop()!;
    const call = lane.waiting.shift()!;
    session.queryAsync(call.sql + call.settings, { format: call.format }).then(
      (result: ChdbResult) => settle(lane, session, { kind: 'done', id: call.id, bytes: result.bytes() }),
      (error: Error & { clickhouseCode?: number }) =>
        settle(lane, renewed(lane, session), {
          kind: 'failed',
          id: call.id,
          clickhouseCode: error.clickhouseCode ?? 0,
          message: error.message,
        }),
    );
  }
}

/** What a failed question had already answered comes out before the next answer of its connection: take a new one. */
function renewed(lane: Lane, session: Session): Session {
  lane.sessions.delete(session);
  session.close();
  const next = connect();
  lane.sessions.add(next);
  return next;
}

function settle(lane: Lane, session: Session, answer: ChdbAnswer): void {
  lane.idle.push(session);
  send(answer);
  pump(lane);
}

process.on('message', (call: ChdbCall | { kind: 'stop' }) => {
  if (call.kind === 'stop') {
    for (const lane of Object.values(lanes)) for (const session of lane.sessions) session.close();
    process.exit(0);
  }
  const lane = lanes[call.kind];
  lane.waiting.push(call);
  pump(lane);
});

send({ kind: 'ready' });
