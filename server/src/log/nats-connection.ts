import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { LogLines } from '../platform/log-lines.ts';
import { LogFault } from './log-fault.ts';
import { type NatsAddress, parseNatsAddress } from './nats-address.ts';

export interface OpenedNats {
  readonly connection: NatsConnection;
  readonly address: NatsAddress;
}

/** A connection that finds its way back for ever. Rejects with a LogFault when no server answers at the start. */
export async function connectNats(text: string, lines: LogLines): Promise<OpenedNats> {
  const address = parseNatsAddress(text);
  if (address === null) throw new Error('the address of the log is not one of NATS');
  const { servers, user, password, tls } = address;
  const connection = await connect({
    servers,
    ...(user === undefined ? {} : { user, pass: password ?? '' }),
    ...(tls ? { tls: {} } : {}),
    name: 'luban',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // A host that goes without a word says no goodbye, and a frozen one lets in: both are left within ten seconds, well
    // before an append is given up.
    pingInterval: 2_000,
    maxPingOut: 2,
    timeout: 4_000,
  }).catch((error: unknown) => {
    throw new LogFault('log.unavailable', `no NATS server answers at ${servers.join(', ')}`, { cause: error });
  });
  tellOf(connection, lines);
  return { connection, address };
}

/** Losing and finding servers belongs into the platform's log. */
function tellOf(connection: NatsConnection, lines: LogLines): void {
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') lines('warn', 'NATS connection lost');
      if (status.type === 'reconnect') lines('info', 'NATS connection is back');
    }
  })();
}
