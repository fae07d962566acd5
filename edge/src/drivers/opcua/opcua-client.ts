import type { OpcUaSettings } from '@luban/contracts';
import type { ClientSession, OPCUAClient, UserIdentityInfo } from 'node-opcua-client';
import { noAnswer, stopped } from '../device-fault.ts';
import type { DriverHost } from '../driver.ts';
import { openTcp } from '../tcp.ts';
import { certificateChanged, certificateRemembered, noEndpoint, opcuaFault } from './opcua-causes.ts';
import {
  createCertificateStore,
  createKeyPair,
  createTransportFactory,
  opcua,
  type Transport,
} from './opcua-library.ts';
import {
  loadOwnCertificate,
  type OwnCertificate,
  rememberedThumbprint,
  rememberThumbprint,
  thumbprintOf,
} from './opcua-security.ts';

/** A session with a server, secured as the settings say. */
export interface OpenSession {
  readonly client: OPCUAClient;
  readonly session: ClientSession;
  /** Ends session, channel and sockets; politely only while the server answers. Never rejects, within two seconds. */
  end(polite: boolean): Promise<void>;
}

export interface SessionOptions {
  readonly settings: OpcUaSettings;
  readonly host: Pick<DriverHost, 'directory' | 'event'>;
  readonly signal: AbortSignal;
}

/** How long a farewell may take before the sockets are ended without it. */
const farewellMs = 1000;

/** Rejects with a DeviceFault, with nothing left open. */
export async function openSession(options: SessionOptions): Promise<OpenSession> {
  const { settings, host, signal } = options;
  const { endpointUrl, timeoutMs } = settings;
  await knock(settings, signal);
  const own = await loadOwnCertificate(host.directory);
  const serverCertificate = settings.security === 'None' ? null : await findServer(options, own);
  const { client, end } = createClient(settings, own, serverCertificate);
  try {
    await within(client.connect(endpointUrl), timeoutMs, endpointUrl, signal);
    const session = await within(client.createSession(identity(settings)), timeoutMs, endpointUrl, signal);
    // Proof of the certificate's key has been given by now: only such a certificate is worth remembering.
    if (serverCertificate !== null) await pin(options, thumbprintOf(serverCertificate));
    return { client, session, end: (polite) => end(polite ? session : null) };
  } catch (error) {
    await end(null);
    throw opcuaFault(error, endpointUrl, timeoutMs);
  }
}

/**
 * Whether anybody listens there. node-opcua cannot end a socket that is still connecting, so it is given only addresses
 * that take connections; and this way the cause is told in the same words as for other protocols.
 */
async function knock({ endpointUrl, timeoutMs }: OpcUaSettings, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(endpointUrl);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = await openTcp({ host, port: Number(port || 4840), timeoutMs, signal });
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
}

/** Waits for an answer, but not for ever. What comes later is dropped. */
export async function within<T>(promise: Promise<T>, ms: number, at: string, signal: AbortSignal): Promise<T> {
  let release: () => void = () => undefined;
  const limit = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(noAnswer(at, ms)), ms);
    const onAbort = () => reject(stopped());
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    release = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    release();
  }
}

/** The server's certificate for the wanted security, checked against what is known of it. */
async function findServer(options: SessionOptions, own: OwnCertificate): Promise<Buffer> {
  const { settings, host, signal } = options;
  const { endpointUrl, timeoutMs } = settings;
  const { client, end } = createClient({ ...settings, security: 'None' }, own, null);
  try {
    await within(client.connect(endpointUrl), timeoutMs, endpointUrl, signal);
    const endpoints = await within(client.getEndpoints({ endpointUrl }), timeoutMs, endpointUrl, signal);
    const { MessageSecurityMode, SecurityPolicy } = opcua;
    const match = endpoints.find(
      (endpoint) =>
        endpoint.securityPolicyUri === SecurityPolicy[settings.security] &&
        endpoint.securityMode === MessageSecurityMode[settings.messageMode],
    );
    if (!match || match.serverCertificate.length === 0) {
      const offered = endpoints
        .map((endpoint) => `${endpoint.securityPolicyUri?.split('#')[1]} ${MessageSecurityMode[endpoint.securityMode]}`)
        .join(', ');
      throw noEndpoint(endpointUrl, `${settings.security} ${settings.messageMode}`, offered);
    }
    const seen = thumbprintOf(match.serverCertificate);
    const expected =
      settings.serverThumbprint?.toLowerCase() ?? (await rememberedThumbprint(host.directory, endpointUrl));
    if (expected !== null && expected !== seen) throw certificateChanged(endpointUrl, expected, seen);
    return match.serverCertificate;
  } catch (error) {
    throw opcuaFault(error, endpointUrl, timeoutMs);
  } finally {
    await end(null);
  }
}

async function pin({ settings, host }: SessionOptions, thumbprint: string): Promise<void> {
  if (settings.serverThumbprint !== null) return;
  if ((await rememberedThumbprint(host.directory, settings.endpointUrl)) === thumbprint) return;
  await rememberThumbprint(host.directory, settings.endpointUrl, thumbprint);
  host.event('info', certificateRemembered(settings.endpointUrl, thumbprint));
}

function createClient(settings: OpcUaSettings, own: OwnCertificate, serverCertificate: Buffer | null) {
  const sockets = new Set<Transport>();
  const secured = settings.security !== 'None';
  const client = opcua.OPCUAClient.create({
    applicationName: 'Luban-Edge',
    applicationUri: own.applicationUri,
    clientName: 'Luban-Edge',
    // It never reconnects by itself: after any fault the driver builds client, session and subscription anew, which
    // also works when the server has forgotten all of them.
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 1000 },
    endpointMustExist: false,
    keepPendingSessionsOnDisconnect: true,
    requestedSessionTimeout: 60_000,
    transportTimeout: settings.timeoutMs,
    defaultTransactionTimeout: settings.timeoutMs,
    securityPolicy: secured ? opcua.SecurityPolicy[settings.security] : opcua.SecurityPolicy.None,
    securityMode: secured ? opcua.MessageSecurityMode[settings.messageMode] : opcua.MessageSecurityMode.None,
    serverCertificate: serverCertificate ?? undefined,
    certificateKeyPairProvider: createKeyPair(own.certificate, own.key),
    clientCertificateManager: createCertificateStore(),
    transportFactory: createTransportFactory((transport) => sockets.add(transport)),
  });
  return {
    client,
    async end(session: ClientSession | null): Promise<void> {
      const never = new AbortController().signal;
      const farewell = async () => {
        if (session !== null) await within(session.close(true), farewellMs, '', never);
        await within(client.disconnect(), farewellMs, '', never);
      };
      // Nobody waits for an answer any more, so a farewell that fails means nothing.
      await farewell().catch(() => undefined);
      for (const socket of sockets) socket.dispose();
    },
  };
}

function identity({ user }: OpcUaSettings): UserIdentityInfo {
  const { UserTokenType } = opcua;
  return user === null
    ? { type: UserTokenType.Anonymous }
    : { type: UserTokenType.UserName, userName: user.name, password: user.password };
}
