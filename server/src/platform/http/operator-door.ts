import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join, relative } from 'node:path';
import type { FastifyRequest } from 'fastify';
import type { LogLines } from '../log-lines.ts';

/** Linux and macOS cut a socket's path off at about this length. */
const longestPath = 100;

/** Where the operator's door of a data directory is; relative to where we are, when that is shorter. */
export function operatorDoorPath(directory: string): string {
  const path = join(directory, 'operator', 'door');
  const shorter = relative(process.cwd(), path);
  return shorter.length < path.length ? shorter : path;
}

/**
 * A Unix socket in the data directory, in a folder of the platform's own user: who can open it could read all the data
 * anyway, so it needs no password. Requests on it are the operator's.
 */
export function createOperatorDoor(options: { directory: string; lines: LogLines }) {
  const { directory, lines } = options;
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  return {
    isOperator: (request: FastifyRequest) => sockets.has(request.raw.socket),
    async start(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
      const folder = join(directory, 'operator');
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o700);
      const path = operatorDoorPath(directory);
      if (path.length > longestPath) {
        lines('warn', 'no operator’s door: its path is too long for a socket', { path });
        return;
      }
      await rm(path, { force: true });
      const opened = createServer(answer);
      opened.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject);
        opened.listen(path, resolve);
      });
      server = opened;
    },
    async stop(): Promise<void> {
      const closing = server;
      if (closing === undefined) return;
      server = undefined;
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => closing.close(() => resolve()));
    },
  };
}
