import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer } from 'node:tls';
import type { LogLines } from '../../platform/log-lines.ts';
import type { Certificates } from '../../platform/tls/certificates.ts';

interface MqttTlsListenerOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  certificates: Certificates;
  /** Ask clients for a certificate; `required`: without a good one nobody comes in. */
  clientCertificates: 'not-asked' | 'asked' | 'required';
  /** Takes the connection after its handshake. */
  accept: (stream: Duplex, remote: string) => void;
  lines: LogLines;
}

const handshakeTimeoutMs = 10_000;

/** MQTT by TLS 1.2 and 1.3. */
export function createMqttTlsListener(options: MqttTlsListenerOptions) {
  const { host, port, certificates, clientCertificates, accept, lines } = options;
  // Half open as the door wants it: what a client sent before its goodbye is still handled.
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: clientCertificates !== 'not-asked',
    rejectUnauthorized: clientCertificates === 'required',
  });
  server.on('secureConnection', (socket) => accept(socket, `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`));
  server.on('tlsClientError', (error, socket) =>
    lines('info', 'mqtt.tls-handshake-failed', { remote: socket.remoteAddress, cause: error.message }),
  );
  return {
    get listening() {
      return server.listening;
    },
    /** The certificates must have been read. Rejects with the listen error. */
    async start(): Promise<{ port: number }> {
      server.setSecureContext(certificates.current().withClients);
      certificates.onChange((material) => server.setSecureContext(material.withClients));
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
      server.on('error', (error) => lines('error', 'mqtt.listener-failed', { cause: error.message }));
      return { port: (server.address() as AddressInfo).port };
    },
    /** Takes nothing new; what is open is the door's. */
    stop(): void {
      if (server.listening) server.close();
    },
  };
}
