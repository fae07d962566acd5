import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorLine, type LogLines } from '../log-lines.ts';

type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void> | void;
export type Upgrades = ReturnType<typeof createUpgrades>;

/** Who takes a WebSocket, by the path that it asks for. One for all HTTP servers of the platform. */
export function createUpgrades(lines: LogLines) {
  const takers = new Map<string, TakeUpgrade>();
  return {
    at(path: string, take: TakeUpgrade): void {
      takers.set(path, take);
    },
    serve(server: Server): void {
      server.on('upgrade', (request, socket, head) => {
        // Node has taken its own listener off this socket: an error without a listener would end the process.
        socket.on('error', (error) => lines('debug', 'upgrade broke off', { cause: errorLine(error) }));
        const take = takers.get(request.url?.split('?', 1)[0] ?? '');
        if (take === undefined) {
          declineUpgrade(socket, '404 Not Found');
          return;
        }
        Promise.resolve(take(request, socket, head)).catch((error: unknown) => {
          lines('error', 'upgrade failed', { path: request.url, cause: errorLine(error) });
          socket.destroy();
        });
      });
    },
  };
}

/** Answers and closes at once: a client that never closes its side would keep the socket. */
export function declineUpgrade(socket: Duplex, status: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
}
