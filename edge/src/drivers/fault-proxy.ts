import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What happens to the bytes between driver and device:
 * pass; stall: both directions are swallowed; cut: half of the next answer, then a reset; corrupt: answers are
 * damaged through and through; noise: every third answer in a few bytes behind its header.
 */
export type ProxyMode = 'pass' | 'stall' | 'cut' | 'corrupt' | 'noise';

/** A TCP proxy for tests, between a driver and a real server. */
export interface FaultProxy {
  readonly port: number;
  mode(mode: ProxyMode): void;
  /** Drivers' connections that are open now. */
  open(): number;
  /** Stops listening and resets all connections: new ones are refused. */
  refuse(): Promise<void>;
  /** Listens again, at the same port. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

export async function createFaultProxy(targetPort: number): Promise<FaultProxy> {
  const clients = new Set<Socket>();
  let mode: ProxyMode = 'pass';
  let server: Server;
  let port = 0;

  const onConnection = (client: Socket) => {
    const target = connect({ port: targetPort, host: '127.0.0.1' });
    clients.add(client);
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      // What a peer's reset means here is told by the driver under test.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        clients.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (mode !== 'stall') target.write(bytes);
    });
    target.on('data', (bytes) => {
      if (mode === 'pass') client.write(bytes);
      if (mode === 'corrupt') client.write(Buffer.from(bytes.map((byte, i) => (i > 3 ? byte ^ 0xa5 : byte))));
      if (mode === 'noise') client.write(Math.random() < 0.33 ? withNoise(bytes) : bytes);
      if (mode === 'cut') client.write(bytes.subarray(0, bytes.length >> 1), () => client.resetAndDestroy());
    });
  };
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer(onConnection);
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        if (typeof address === 'object' && address !== null) port = address.port;
        resolve();
      });
    });
  const end = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const client of clients) client.resetAndDestroy();
    });

  await listen();
  return {
    port,
    mode(next) {
      mode = next;
    },
    open: () => clients.size,
    refuse: end,
    accept: listen,
    close: () => (server.listening ? end() : Promise.resolve()),
  };
}

function withNoise(bytes: Buffer): Buffer {
  const noisy = Buffer.from(bytes);
  for (let i = 0; i < 3; i++) noisy[8 + Math.floor(Math.random() * (noisy.length - 8))]! ^= 1 << (i * 2);
  return noisy;
}
