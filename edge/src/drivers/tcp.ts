import { connect, type Socket } from 'node:net';
import { connectTimeout, type DeviceFault, stopped, tcpFault } from './device-fault.ts';

/** A connected TCP socket, without listeners. Rejects with a DeviceFault and leaves no socket behind. */
export function openTcp(to: { host: string; port: number; timeoutMs: number; signal: AbortSignal }): Promise<Socket> {
  const { host, port, timeoutMs, signal } = to;
  const at = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(stopped());
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
    const settle = (fault: DeviceFault | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      socket.off('connect', onConnect);
      if (fault === null) return resolve(socket);
      // A socket can still fail while it is being destroyed; nobody waits for it any more.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(fault);
    };
    const onAbort = () => settle(stopped());
    const onError = (error: Error) => settle(tcpFault(error, at));
    const onConnect = () => settle(null);
    const timer = setTimeout(() => settle(connectTimeout(at, timeoutMs)), timeoutMs);
    signal.addEventListener('abort', onAbort);
    socket.once('error', onError);
    socket.once('connect', onConnect);
  });
}
