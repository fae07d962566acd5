import { createRequire } from 'node:module';
import type * as Client from 'node-opcua-client';
import type { OPCUAClientOptions } from 'node-opcua-client';

/**
 * node-opcua writes warnings to the console, some while it is being loaded. Its log level is therefore set before
 * anything else of it is loaded; what goes wrong is told by causes. Reached only through a dynamic import: loading takes about a second.
 */
const fromHere = createRequire(import.meta.url);
const fromClient = createRequire(fromHere.resolve('node-opcua-client'));
(fromClient('node-opcua-debug') as { setLogLevel(level: number): void }).setLogLevel(-1);

// This one warning goes past the log level: a server with status codes of its own would fill the console with it.
const warn = console.warn;
console.warn = (...words: unknown[]) => {
  if (!String(words[0]).startsWith('expecting a known StatusCode')) warn(...words);
};

export const opcua = fromHere('node-opcua-client') as typeof Client;

type KeyPair = NonNullable<OPCUAClientOptions['certificateKeyPairProvider']>;
type CertificateStore = NonNullable<OPCUAClientOptions['clientCertificateManager']>;
type TransportFactory = NonNullable<OPCUAClientOptions['transportFactory']>;
export type Transport = ReturnType<TransportFactory['create']>;

const parts = fromClient('node-opcua-common') as {
  InMemoryCertificateKeyPairProvider: new (chain: Buffer[], key: object) => KeyPair;
  InMemoryCertificateStore: new (options?: object) => CertificateStore;
};
const transports = fromClient('node-opcua-transport') as { defaultClientTransportFactory: TransportFactory };

export function createKeyPair(certificate: Buffer, key: object): KeyPair {
  return new parts.InMemoryCertificateKeyPairProvider([certificate], key);
}

/** A store that trusts no one by itself: the driver pins the server's certificate before it connects. */
export function createCertificateStore(): CertificateStore {
  return new parts.InMemoryCertificateStore();
}

/** TCP transports that are told to `seen`, so that their sockets can be ended when the peer no longer helps. */
export function createTransportFactory(seen: (transport: Transport) => void): TransportFactory {
  return {
    create(settings) {
      const transport = transports.defaultClientTransportFactory.create(settings);
      seen(transport);
      return transport;
    },
  };
}
