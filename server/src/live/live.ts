import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Edge, type Flow, type LiveMessage, liveRequest, may, type TenantId } from '@luban/contracts';
import { type WebSocket, WebSocketServer } from 'ws';
import { ZodError } from 'zod';
import type { LogRecord } from '../log/log.ts';
import type { Actor } from '../platform/actor.ts';
import { declineUpgrade, type Upgrades } from '../platform/http/upgrades.ts';
import { parseJson } from '../platform/json.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { Watcher } from './watcher.ts';

type UserActor = Extract<Actor, { kind: 'user' }>;

interface LiveOptions {
  authenticate: (request: IncomingMessage) => Promise<Actor | null>;
  /** False for a series that the tenant does not have. */
  mayWatch: (tenant: TenantId, series: number) => boolean;
  flowOf: (actor: UserActor) => Promise<Flow>;
  edgesOf: (tenant: TenantId) => Edge[];
  nowMs: () => number;
  lines: LogLines;
}

const path = '/api/v1/live';
const pushIntervalMs = 250;
const pictureIntervalMs = 1000;
const aliveIntervalMs = 5000;
/** Beyond this much unsent, a watcher is slow: its samples wait and coalesce. */
const slowBytes = 256 * 1024;

/** Pushes changes to whoever watches: one WebSocket a page. Listens beside the path; samples never wait for it. */
export function createLive({ authenticate, mayWatch, flowOf, edgesOf, nowMs, lines }: LiveOptions) {
  const sockets = new Map<WebSocket, { watcher: Watcher; actor: UserActor; request: IncomingMessage }>();
  const server = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });
  const timers: NodeJS.Timeout[] = [];

  function send(socket: WebSocket, message: LiveMessage): void {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const actor = sameOrigin(request) ? await authenticate(request) : null;
    if (actor === null || actor.kind !== 'user' || !may(actor.role, 'readings.read')) {
      declineUpgrade(socket, '401 Unauthorized');
      return;
    }
    if (socket.destroyed) return;
    server.handleUpgrade(request, socket, head, (opened) => welcome(opened, actor, request));
  }

  function welcome(socket: WebSocket, actor: UserActor, request: IncomingMessage): void {
    const watcher = new Watcher(actor.tenantNumber);
    sockets.set(socket, { watcher, actor, request });
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', (error) =>
      lines('debug', 'live socket failed', { cause: errorLine(error), remote: request.socket.remoteAddress }),
    );
    socket.on('message', (data) => {
      try {
        const wanted = liveRequest.parse(parseJson(String(data)));
        watcher.watch(new Set(wanted.series.filter((series) => mayWatch(actor.tenant, series))));
        watcher.flow = wanted.flow && may(actor.role, 'edges.read');
        watcher.edges = wanted.edges && may(actor.role, 'edges.read');
        sendPictures(socket, watcher, actor);
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof ZodError)) throw error;
        send(socket, { type: 'refused', message: error.message.slice(0, 500) });
      }
    });
    send(socket, { type: 'alive', timeMs: nowMs() });
  }

  function sendPictures(socket: WebSocket, watcher: Watcher, actor: UserActor): void {
    if (socket.bufferedAmount > slowBytes) return;
    if (watcher.flow)
      flowOf(actor).then(
        (flow) => send(socket, { type: 'flow', flow }),
        (error: unknown) => lines('error', 'flow not shown', { cause: errorLine(error) }),
      );
    if (watcher.edges) send(socket, { type: 'edges', edges: edgesOf(actor.tenant) });
  }

  /** A session that ended, or a role that was taken away, ends its socket too. */
  async function recheck(): Promise<void> {
    for (const [socket, { actor, request }] of sockets) {
      const still = await authenticate(request);
      if (still === null || still.kind !== 'user' || still.role !== actor.role) socket.close(4401, 'signed out');
    }
  }

  return {
    /** Called for each record of the log, in order. Costs nothing while nobody watches. */
    note(record: LogRecord): void {
      for (const { watcher } of sockets.values()) watcher.note(record);
    },
    start(upgrades: Upgrades): void {
      upgrades.at(path, upgrade);
      const each = (act: (socket: WebSocket, watcher: Watcher, actor: UserActor) => void) => () => {
        for (const [socket, { watcher, actor }] of sockets) act(socket, watcher, actor);
      };
      timers.push(
        setInterval(
          each((socket, watcher) => {
            const message = socket.bufferedAmount > slowBytes ? null : watcher.take();
            if (message !== null) send(socket, message);
          }),
          pushIntervalMs,
        ),
        setInterval(each(sendPictures), pictureIntervalMs),
        setInterval(() => {
          each((socket) => send(socket, { type: 'alive', timeMs: nowMs() }))();
          recheck().catch((error: unknown) => lines('error', 'live sessions not checked', { cause: errorLine(error) }));
        }, aliveIntervalMs),
      );
    },
    watchers: () => sockets.size,
    stop(): void {
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets.keys()) socket.close(1001, 'the platform stops');
      server.close();
    },
  };
}

/** A page of another site may open a WebSocket with our cookie; its origin gives it away. */
function sameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
