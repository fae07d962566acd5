import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { LogLines } from '../log-lines.ts';
import type { Certificates } from '../tls/certificates.ts';
import type { Http } from './http.ts';
import type { Upgrades } from './upgrades.ts';

interface HttpsListenerOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  certificates: Certificates;
  http: Http;
  upgrades: Upgrades;
  lines: LogLines;
}

const handshakeTimeoutMs = 10_000;
const stopTimeoutMs = 3000;

/** The same door as HTTP, by TLS: pages, API, live connections, MQTT over WebSocket. */
export function createHttpsListener({ host, port, certificates, http, upgrades, lines }: HttpsListenerOptions) {
  let server: Server | undefined;
  return {
    get listening() {
      return server?.listening === true;
    },
    /** Call it when `http` is ready. Rejects with the listen error. */
    async start(): Promise<{ port: number }> {
      const { requestTimeout, keepAliveTimeout, headersTimeout } = http.server;
      const limits = { requestTimeout, keepAliveTimeout, headersTimeout, handshakeTimeout: handshakeTimeoutMs };
      const listening = createServer({ ...limits, ...certificates.current().server }, (request, reply) =>
        http.routing(request, reply),
      );
      server = listening;
      certificates.onChange((material) => listening.setSecureContext(material.server));
      listening.on('tlsClientError', (error, socket) =>
        lines('debug', 'https handshake failed', { remote: socket.remoteAddress, cause: error.message }),
      );
      upgrades.serve(listening);
      await new Promise<void>((resolve, reject) => {
        listening.once('error', reject);
        listening.listen({ host, port }, () => {
          listening.off('error', reject);
          resolve();
        });
      });
      listening.on('error', (error) => lines('error', 'https listener failed', { cause: error.message }));
      return { port: (listening.address() as AddressInfo).port };
    },
    /** Waits a few seconds for requests that are being answered. */
    async stop(): Promise<void> {
      if (server === undefined) return;
      const closing = server;
      const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
      closing.closeIdleConnections();
      const deadline = setTimeout(() => closing.closeAllConnections(), stopTimeoutMs);
      await closed;
      clearTimeout(deadline);
    },
  };
}
