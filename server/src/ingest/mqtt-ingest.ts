import type { Duplex } from 'node:stream';
import {
  type EdgeId,
  edgeEvent,
  edgeReport,
  gap,
  jsonSamples,
  type TenantId,
  type ThingId,
  topics,
} from '@luban/contracts';
import { z } from 'zod';
import type { Access, CertificateId } from '../access/access.ts';
import type { Edges } from '../edges/edges.ts';
import type { Relay } from '../log/log.ts';
import { Refusal } from '../platform/errors.ts';
import { parseJson } from '../platform/json.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { CertificateName } from '../platform/tls/revocation-list.ts';
import type { Tracing } from '../platform/tracing/tracing.ts';
import type { Things } from '../things/things.ts';
import type { AllDoors } from './all-doors.ts';
import type { Dialect } from './dialect.ts';
import { createDialects } from './dialects.ts';
import type { Ingest } from './ingest-contract.ts';
import { readJsonSamples } from './json-samples.ts';
import { createMqttDoor, type MqttDoorHandlers, type MqttPeer, type PublishOutcome } from './mqtt/mqtt-door.ts';
import { createMqttClients } from './mqtt-clients.ts';
import {
  holderOf,
  type MachineIdentity,
  type MqttHolder,
  type MqttIdentity,
  type ThingIdentity,
} from './mqtt-identity.ts';
import { createMqttOwners, createOwnerCheck } from './mqtt-owners.ts';
import { type Anonymous, createMqttSignIn } from './mqtt-sign-in.ts';
import { mayListen, useOf } from './mqtt-topics.ts';
import type { RefusedValues } from './refused-values.ts';
import { tracePublish } from './traced-ingest.ts';
import { refuseUnread } from './unread-message.ts';

type Peer = MqttPeer<MqttIdentity>;

interface MqttIngestOptions {
  host: string;
  port: number;
  /** Where sessions and messages for clients that are away are kept. */
  directory: string;
  /** To the doors of the platform's other servers; undefined when there are none. */
  relay?: Relay | undefined;
  doors: AllDoors;
  ingest: Ingest;
  things: Things;
  edges: Edges;
  access: Access;
  /** Who acts as an access key without showing it; null: nobody does. */
  anonymous: Anonymous | null;
  maxPacketBytes?: number;
  /** Tenants that are at another platform now: nobody of theirs gets in. */
  departed: ReadonlyMap<string, string>;
  /** Where the other listeners of this door are: TLS, WebSocket. */
  otherHosts: readonly string[];
  /** Client certificates on the revocation list. */
  revoked: () => ReadonlySet<CertificateName>;
  refused: RefusedValues;
  nowUs: () => number;
  lines: LogLines;
  tracing?: Tracing | undefined;
}

const expiryCheckMs = 1000;
const ownerCheckMs = 60_000;
const configurationAgainMs = 5000;

export type MqttIngest = ReturnType<typeof createMqttIngest>;

/**
 * MQTT's door for samples, and the two-way line to the edges. User name: the edge's or thing's id; password: its key.
 * Devices made for other clouds sign in as they did there: a token as user name alone, or a signed password.
 */
export function createMqttIngest(options: MqttIngestOptions) {
  const {
    host,
    port,
    directory,
    relay,
    doors,
    ingest,
    things,
    edges,
    access,
    anonymous,
    maxPacketBytes,
    departed,
    otherHosts,
    revoked,
    refused,
    nowUs,
    lines,
    tracing,
  } = options;
  const edgePeers = new Map<EdgeId, Peer>();
  const dialects = createDialects({
    ingest,
    things,
    edges,
    refused,
    nowUs,
    lines,
    publish: (tenant, topic, payload, how) => door.publish(tenant, topic, payload, how),
  });

  const handlers: MqttDoorHandlers<MqttIdentity> = {
    authenticate: createMqttSignIn({ things, edges, access, anonymous, departed, revoked, nowUs, lines }),
    ownerOf: (identity) => ({ tenant: identity.tenant, name: holderOf(identity) }),
    mayPublish: (identity, topic) =>
      identity.kind === 'access'
        ? useOf(identity, topic)
        : (dialects.find((dialect) => dialect.takes(topic))?.use ?? useOf(identity, topic)),
    maySubscribe: (identity, filter) =>
      mayListen(identity, filter) ||
      (identity.kind !== 'access' && dialects.some((dialect) => dialect.maySubscribe(identity, filter))),
    publish: tracing === undefined ? publish : tracePublish(publish, tracing),
    readsProperties: tracing !== undefined,
    subscribed(peer, filter) {
      if (!isMachine(peer)) return;
      for (const dialect of dialects) dialect.subscribed?.(peer, filter);
      if (peer.identity.kind !== 'edge' || filter !== topics.configuration) return;
      edgePeers.set(peer.identity.edge, peer);
      edges.connected(peer.identity.edge, true);
      sendConfiguration(peer.identity.edge);
    },
    closed(peer, reason) {
      if (!isMachine(peer)) return;
      for (const dialect of dialects) dialect.closed?.(peer);
      if (peer.identity.kind !== 'edge' || edgePeers.get(peer.identity.edge) !== peer) return;
      edgePeers.delete(peer.identity.edge);
      edges.connected(peer.identity.edge, false);
      lines('warn', 'edge gone', { edge: peer.identity.edge, reason });
    },
  };

  function publish(peer: Peer, topic: string, payload: Buffer): PublishOutcome | Promise<PublishOutcome> {
    if (!isMachine(peer)) return { ok: false, reason: 'not-authorized', message: `you may not publish to ${topic}` };
    const { identity } = peer;
    if (topic === topics.batch) return ingest.accept(identity, payload);
    if (topic === topics.samples && identity.kind === 'thing') return takeJson(identity, payload);
    return publishOther(peer, topic, payload);
  }

  async function publishOther(
    peer: MqttPeer<MachineIdentity>,
    topic: string,
    payload: Buffer,
  ): Promise<PublishOutcome> {
    const { identity } = peer;
    try {
      const dialect = dialects.find((one) => one.takes(topic));
      if (dialect !== undefined) return await read(dialect, peer, topic, payload);
      if (identity.kind === 'thing') return { ok: false, reason: 'not-authorized', message: `nothing takes ${topic}` };
      if (topic === topics.report) edges.reported(identity.edge, edgeReport.parse(parseJson(payload.toString('utf8'))));
      else if (topic === topics.gaps)
        await edges.putGaps(identity.tenant, identity.edge, z.array(gap).parse(parseJson(payload.toString('utf8'))));
      else
        await edges.putEvents(
          identity.tenant,
          identity.edge,
          z.array(edgeEvent).parse(parseJson(payload.toString('utf8'))),
        );
      return { ok: true };
    } catch (error) {
      return notTaken(topic, error);
    }
  }

  async function read(
    dialect: Dialect,
    peer: MqttPeer<MachineIdentity>,
    topic: string,
    payload: Buffer,
  ): Promise<PublishOutcome> {
    try {
      return await dialect.publish(peer, topic, payload);
    } catch (error) {
      return unread(peer.identity, topic, error);
    }
  }

  /** The way of many devices' every sample: no promise of its own. */
  function takeJson(identity: ThingIdentity, payload: Buffer): PublishOutcome | Promise<PublishOutcome> {
    try {
      const given = jsonSamples.parse(parseJson(payload.toString('utf8')));
      const samples = readJsonSamples(given, things.keyedPointsOf(identity.tenant, identity.thing), nowUs());
      return ingest.acceptSamples(identity, samples);
    } catch (error) {
      return unread(identity, topics.samples, error);
    }
  }

  function unread(identity: MachineIdentity, topic: string, error: unknown): PublishOutcome {
    const outcome = notTaken(topic, error);
    if (!outcome.ok && outcome.reason === 'malformed')
      refuseUnread({ ingest, refused }, identity, error, outcome.message);
    return outcome;
  }

  function notTaken(topic: string, error: unknown): PublishOutcome {
    if (error instanceof z.ZodError)
      return { ok: false, reason: 'malformed', message: z.prettifyError(error).slice(0, 500) };
    if (error instanceof Refusal || error instanceof SyntaxError)
      return { ok: false, reason: 'malformed', message: error.message.slice(0, 500) };
    lines('error', 'message not taken', { topic, cause: errorLine(error) });
    return { ok: false, reason: 'unavailable', message: 'the platform cannot take this now; send again later' };
  }

  /** Edges whose configuration is on its way; true when it has changed meanwhile. */
  const sending = new Map<EdgeId, boolean>();
  const unsent = new Set<EdgeId>();

  /** One at a time to each edge: of several changes in a row it gets the last one. */
  function sendConfiguration(edge: EdgeId): void {
    if (!edgePeers.has(edge)) return;
    const busy = sending.has(edge);
    sending.set(edge, busy);
    if (busy) return;
    deliverConfiguration(edge)
      .catch((error: unknown) => {
        lines('error', 'configuration not sent', { edge, cause: errorLine(error) });
        sendConfigurationLater(edge);
      })
      .finally(() => {
        const again = sending.get(edge) === true;
        sending.delete(edge);
        if (again) sendConfiguration(edge);
      });
  }

  /** An edge that comes in while the records are away would else go by an old one until the next change. */
  function sendConfigurationLater(edge: EdgeId): void {
    if (unsent.has(edge)) return;
    unsent.add(edge);
    setTimeout(() => {
      unsent.delete(edge);
      sendConfiguration(edge);
    }, configurationAgainMs).unref();
  }

  async function deliverConfiguration(edge: EdgeId): Promise<void> {
    const configuration = Buffer.from(JSON.stringify(await edges.configuration(edge)));
    await edgePeers.get(edge)?.publish(topics.configuration, configuration, 1);
  }

  let expiry: NodeJS.Timeout | undefined;
  let ownerCheck: NodeJS.Timeout | undefined;

  /** A key or a token that is over ends what was opened with it. */
  function endExpired(): void {
    const nowMs = nowUs() / 1000;
    for (const peer of [...door.peers()]) {
      const { identity } = peer;
      if (identity.kind === 'access' && identity.untilMs !== null && identity.untilMs <= nowMs)
        peer.disconnect('not-authorized');
    }
  }

  /** The start fails where the key for whoever shows none is not there or void. */
  async function checkAnonymous({ key, login }: Anonymous): Promise<void> {
    if ((await access.holder(key, '')) === null)
      throw new Error(`LUBAN_MQTT_ANONYMOUS: there is no access key ${key}, or it is revoked or has expired`);
    const open = [host, ...otherHosts].filter((one) => !isLoopback(one));
    if (open.length > 0)
      lines('warn', 'ANYONE ON THE NETWORK MAY CONNECT BY MQTT WITHOUT A KEY (LUBAN_MQTT_ANONYMOUS)', {
        hosts: open,
        key,
      });
    if (login === 'any')
      lines('warn', 'WRONG USER NAMES AND PASSWORDS OPEN MQTT AS WELL (LUBAN_MQTT_ANONYMOUS_LOGIN)', { key });
  }

  const door = createMqttDoor<MqttIdentity>(
    { host, port, directory, relay, log: lines, ...(maxPacketBytes !== undefined && { maxPacketBytes }) },
    handlers,
  );
  const owners = createMqttOwners({ things, edges, access });
  const endOwnerless = createOwnerCheck({ door, owners, lines });
  return {
    async start(): Promise<{ port: number }> {
      if (anonymous !== null) await checkAnonymous(anonymous);
      expiry = setInterval(endExpired, expiryCheckMs);
      const opened = await door.start();
      await endOwnerless();
      ownerCheck = setInterval(() => {
        endOwnerless().catch((error: unknown) =>
          lines('error', 'owners of MQTT sessions not checked', { cause: errorLine(error) }),
        );
      }, ownerCheckMs);
      for (const dialect of dialects) dialect.start?.();
      return opened;
    },
    async stop(): Promise<void> {
      clearInterval(expiry);
      clearInterval(ownerCheck);
      await Promise.all(dialects.map((dialect) => dialect.stop?.()));
      await door.stop();
    },
    /** Serves a client that came in by another listener. */
    accept: (stream: Duplex, remote: string) => door.accept(stream, remote),
    sendConfiguration,
    /** Ends every connection of an edge or a thing; who holds a good key comes again, and finds its session. */
    dismiss: (id: EdgeId | ThingId) => door.dismiss((identity) => holderOf(identity) === id),
    /** Ends every connection and every session of an edge, a thing or an access key that comes no more. */
    endSessions: (tenant: TenantId, id: MqttHolder) => door.endSessions({ tenant, name: id }),
    /** Ends every connection that came in by a certificate which is revoked or bound no more. */
    dismissCertificate: (id: CertificateId) => door.dismiss(({ certificate }) => certificate?.binding === id),
    /** There is a new revocation list: ends every connection that came in by a certificate on it. */
    endRevoked(): void {
      const names = revoked();
      door.dismiss(({ certificate }) => certificate?.names.some((name) => names.has(name)) ?? false);
    },
    clients: createMqttClients({ door, doors, owners }),
    stats: () => door.stats(),
  };
}

function isMachine(peer: Peer): peer is MqttPeer<MachineIdentity> {
  return peer.identity.kind !== 'access';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
