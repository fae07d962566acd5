import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { AccessKeyId, DeviceId, EdgeId, EdgeReport, TenantId, ThingId, UserId } from '@luban/contracts';
import { type CertificateId, createAccess, openTokenKeys } from './access/access.ts';
import { createAccounting } from './accounting/accounting.ts';
import { createApiAnywhere } from './api-anywhere.ts';
import type { ServerConfig } from './config.ts';
import { registerConsoleFiles } from './console-files.ts';
import { addDemoPlant } from './demo-plant/demo-plant.ts';
import type { Launcher } from './demo-plant/launcher.ts';
import { createEdges, createPresences, createPresencesStore, createSharedPresences } from './edges/edges.ts';
import { createFlow } from './flow/flow.ts';
import { createHttpDoor } from './http-door.ts';
import { createIdentity, type NumberedTenant } from './identity/identity.ts';
import { createImports } from './imports/imports.ts';
import { createAllDoors } from './ingest/all-doors.ts';
import { createIngest, traceIngest } from './ingest/ingest.ts';
import { createMqttWebSocket } from './ingest/listeners/mqtt-websocket.ts';
import { createMqttIngest } from './ingest/mqtt-ingest.ts';
import { createRefusedEverywhere, createRefusedValues } from './ingest/refused-values.ts';
import { createTraffic } from './ingest/traffic.ts';
import { createJobs } from './jobs/jobs.ts';
import { createLive } from './live/live.ts';
import { ledOffsets, openLog, openNatsRelay, traceAppends } from './log/log.ts';
import { registerOpenApi } from './open-api/open-api.ts';
import { createOperating } from './operating.ts';
import { createPacks } from './packs/packs.ts';
import { probeDatabase } from './platform/database/database.ts';
import { departedTenants } from './platform/database/moved-tenants.ts';
import { openKeyFile } from './platform/key-file.ts';
import { errorLine, type LogLines } from './platform/log-lines.ts';
import { createCertificates } from './platform/tls/certificates.ts';
import { createTracing, traceLines } from './platform/tracing/tracing.ts';
import { version } from './platform/version.ts';
import { createReadings } from './readings/readings.ts';
import { followRecords } from './record-listeners.ts';
import { openRecords } from './records.ts';
import { createRetention } from './retention/retention.ts';
import { registerRoutes } from './routes.ts';
import { createServers, type ServerRole, spoken } from './servers/servers.ts';
import { createHistoryAnywhere, createTelemetry } from './telemetry/telemetry.ts';
import { createThings } from './things/things.ts';
import { createTlsDoors } from './tls-doors.ts';

interface AppOptions {
  config: ServerConfig;
  lines: LogLines;
  launcher: Launcher | null;
  /** µs since 1970 UTC. */
  nowUs: () => number;
  /** Another server leads or may: this process is to end at once, and to be started again to stand by. */
  end: (why: string) => void;
}

/** Where the doors are; null: there is no such door. */
interface Ports {
  readonly httpPort: number;
  /** On a server that is no door itself: where the doors are by its settings. */
  readonly mqttPort: number;
  readonly httpsPort: number | null;
  readonly mqttTlsPort: number | null;
}

/**
 * The platform: every feature made and joined, in the order of a sample's path. All of them are there on every server;
 * its roles say which are started and which routes it has.
 */
export async function createApp({ config, lines: write, launcher, nowUs, end }: AppOptions) {
  const nowMs = () => Math.floor(nowUs() / 1000);
  const tracing = config.tracing === null ? undefined : createTracing(config.tracing, write);
  const lines = tracing === undefined ? write : traceLines(write, tracing);
  const { data, changes, database, sealKey: sealer } = await openRecords({ config, tracing, lines, nowMs });
  const has = (...roles: ServerRole[]) => roles.some((role) => config.roles.includes(role));
  const servers = createServers({
    ...{ database, version, nowMs, lines },
    // The data folder belongs to one process at a time, and so does what names it.
    id: `server:${openKeyFile(join(config.dataDirectory, 'server-id')).toString('hex').slice(0, 20)}`,
    roles: config.roles,
    shared: config.shared,
  });

  /** By tenant, where it is now. Only a platform that is stopped loses one. */
  const departed = await departedTenants(database);

  // Who asks, and what there is.
  const identity = createIdentity({
    ...{ database, now: nowMs, log: lines },
    // A balancer sends a person to any server, not to the one whose output they have read.
    setupSecret: config.shared ? sealer.derive('setup code') : undefined,
  });
  const things = await createThings({
    database,
    sealer,
    now: nowMs,
    dismiss: (thing: ThingId) => mqtt.dismiss(thing),
    gone: (tenant: TenantId, thing: ThingId) => mqtt.endSessions(tenant, thing),
    pointsGone: (devices: ReadonlySet<DeviceId>) => edges.pointsGone(devices),
  });
  const sharedPresences = config.shared
    ? createSharedPresences({
        store: createPresencesStore(database),
        servers,
        elsewhere: (edge: EdgeId) => mqtt.dismiss(edge),
        heard: (edge, report) => keepBook(edge, report, true),
        nowMs,
        lines,
      })
    : null;
  function keepBook(edge: EdgeId, report: EdgeReport, late: boolean): void {
    accounting
      .reported(edge, report, late)
      .catch((error: unknown) => lines('error', 'edge’s book not kept', { edge, cause: errorLine(error) }));
  }
  const edges = await createEdges({
    database,
    things,
    presences: sharedPresences ?? createPresences(nowMs),
    now: nowMs,
    sendConfiguration: (edge: EdgeId) => mqtt.sendConfiguration(edge),
    onReport: (edge, report) => keepBook(edge, report, false),
    dismiss: (edge: EdgeId) => mqtt.dismiss(edge),
    gone: (tenant: TenantId, edge: EdgeId) => mqtt.endSessions(tenant, edge),
  });
  const access = createAccess({
    database,
    tokenKeys: openTokenKeys({
      ...{ sealKey: sealer, dataDirectory: config.dataDirectory },
      othersDerive: () => servers.othersSpeak(spoken.derivedTokens),
    }),
    now: nowMs,
    userName: async (tenant, user) => (await identity.users.get(tenant, user)).name,
    gone: (tenant: TenantId, key: AccessKeyId) => mqtt.endSessions(tenant, key),
    dismissCertificate: (certificate: CertificateId) => mqtt.dismissCertificate(certificate),
    things,
    edges,
    anonymous: config.mqttAnonymous,
  });

  // The path of a sample: doors → ingest → log → telemetry → live.
  const [log, relay] = await Promise.all([
    openLog({
      address: config.log,
      directory: join(config.dataDirectory, 'log'),
      maxBytes: config.logBytes,
      nowUs,
      lines,
    }),
    config.log === undefined ? undefined : openNatsRelay({ address: config.log, server: servers.id, lines }),
  ]);
  const appends = tracing === undefined ? log : traceAppends(log, tracing);
  const refused = createRefusedValues({ nowMs, lines });
  const untraced = createIngest({ ...things, log: appends, refused, nowUs, lines });
  const ingest = tracing === undefined ? untraced : traceIngest(untraced, tracing);
  const doors = createAllDoors({
    ...{ relay, self: { id: servers.id, name: servers.name }, isDoor: has('door'), others: servers.otherDoors, lines },
  });
  const refusedOf = createRefusedEverywhere({ refused, doors });
  const certificates = config.tls && createCertificates({ files: config.tls.files, now: nowMs, lines });
  const mqtt = createMqttIngest({
    host: config.plainHost,
    port: config.mqttPort,
    directory: join(config.dataDirectory, 'mqtt'),
    relay,
    doors,
    ingest,
    things,
    edges,
    access,
    anonymous: config.mqttAnonymous,
    maxPacketBytes: config.mqttPacketBytes,
    departed,
    otherHosts: config.tls === null ? [] : [config.host],
    revoked: () => certificates?.current().revoked ?? new Set(),
    refused,
    nowUs,
    lines,
    tracing,
  });
  const retention = await createRetention({ database, things, nowMs, lines, tenants: () => identity.tenants() });
  followRecords(changes, { things, edges, retention });
  // Whose commit is refused has been overtaken.
  const overtaken = () => leadership.lost();
  const stored = ledOffsets(log.consumer('telemetry'), overtaken);
  const counted = ledOffsets(log.consumer('accounting'), overtaken);
  const telemetry = createTelemetry({
    directory: join(config.dataDirectory, 'telemetry'),
    address: config.telemetry,
    log,
    consumer: stored,
    clock: nowUs,
    keepFrom: retention.keepFrom,
    tracing,
    onFault: (fault) => lines('error', 'telemetry fault', { code: fault.code, cause: fault.message }),
  });
  const history = createHistoryAnywhere({
    ...{ telemetry, relay, leader: servers.leader, leads: () => leadership.leading, log, consumer: stored },
    ...{ address: config.telemetry, keepFrom: retention.keepFrom, recordsCurrent: changes.current, nowUs, lines },
  });
  const jobs = createJobs({ database, nowMs, lines });
  const imports = createImports({
    directory: join(config.dataDirectory, 'imports'),
    jobs,
    things,
    ingest,
    telemetry,
    nowUs,
  });
  const accounting = await createAccounting({
    database,
    log,
    consumer: counted,
    storedPosition: () => telemetry.stats().storedPosition,
    holderOf(series) {
      const source = things.sourceOf(series);
      if (source === undefined) return { holder: 'unknown', edge: null };
      const { device, thing } = source;
      return device === null ? { holder: thing, edge: null } : { holder: device, edge: edges.edgeOf(device) };
    },
    bindings: () => things.changes() + edges.changes(),
    refusals: () => ingest.refusals(),
    lost: overtaken,
    nowMs,
    lines,
  });
  const readings = createReadings({ history: history.reads, things, edges, nowMs });
  const flowOf = await createFlow({
    edges,
    accounting,
    trafficOf: createTraffic({ ingest, connections: () => mqtt.stats().connections, doors }),
    log,
    telemetry,
    countTenants: async () => (await identity.tenants()).length,
    nowMs,
    lines,
  });
  const live = createLive({
    authenticate: (request) => identity.authenticateUpgrade(request.headers),
    mayWatch: (tenant: TenantId, series) => things.point(tenant, series) !== undefined,
    flowOf: (actor) => anywhere.flowOf(actor),
    edgesOf: (tenant) => edges.list(tenant),
    nowMs,
    lines,
  });
  telemetry.onSamples((record) => live.note(record));

  // The API.
  const { http, httpMeter, operatorDoor, idempotency, upgrades } = createHttpDoor({
    ...{ config, database, sealer, identity, things, departed, tracing, nowMs, lines },
  });
  if (has('api')) live.start(upgrades);
  const mqttWebSocket = createMqttWebSocket(mqtt.accept);
  if (has('door')) mqttWebSocket.start(upgrades);
  const tls =
    config.tls &&
    certificates &&
    createTlsDoors({ ...{ certificates, mqtt, http, upgrades, lines }, config: config.tls, host: config.host });
  let mqttPort = config.mqttPort;
  let mqttTlsPort: number | null = null;
  // Who does not lead knows no latest values.
  const standsBy = () => has('api', 'writer') && config.shared && !leadership.leading;
  const anywhere = createApiAnywhere({
    ...{ http, relay, servers, standsBy, live, flowOf, log, lines, readsHistory: history.isCurrent },
    leads: () => leadership.leading,
  });
  await registerOpenApi(http);
  registerRoutes(http, config.roles, {
    ...{
      access,
      accounting,
      edges,
      flowOf,
      history: history.reads,
      identity,
      imports,
      ingest,
      jobs,
      lines,
      mqtt,
      nowUs,
      readings,
    },
    ...{ refused, refusedOf, retention, servers, telemetry, things, startDemo },
    mqttPorts: () => ({ mqttPort, mqttTlsPort }),
  });
  const operating = createOperating({
    config,
    doors: {
      http: () => http.server.listening,
      ...(has('door') && { mqtt: () => mqtt.stats().listening }),
      ...(tls && { https: () => tls.https.listening }),
      ...(tls && has('door') && { mqtts: () => tls.mqtt.listening }),
    },
    door: () => mqtt.stats(),
    watchers: () => live.watchers(),
    history: history.stats,
    leads: () => leadership.leading,
    tenants: () => identity.tenants(),
    probeRecords: () => probeDatabase(database),
    ...{ http, httpMeter, ingest, log, telemetry, accounting, tracing, nowMs, lines },
  });
  await registerConsoleFiles(http, config.roles);

  // What one server at a time does for all: it stores what the log holds, with the upkeep, the jobs and the books.
  const leadership = servers.leadership({
    async lead() {
      // What the leader before it has done and changed.
      await Promise.all([stored.reload(), counted.reload(), retention.reread(), history.end()]);
      await telemetry.start();
      retention.start(telemetry);
      await jobs.start();
      await accounting.lead();
    },
    async letGo() {
      await jobs.stop();
      await retention.stop();
      await telemetry.stop();
      await accounting.letGo();
    },
    end,
  });

  const packs = createPacks({ things, edges });
  async function startDemo(tenant: NumberedTenant): Promise<void> {
    if (launcher === null) throw new Error('the demo plant needs the launcher: start the platform with npm start');
    await addDemoPlant(
      { packs, edges, launcher },
      { tenant: tenant.id, tenantNumber: tenant.number, language: tenant.language },
    );
  }

  return {
    http,
    identity,
    things,
    edges,
    telemetry,
    startDemo,
    /** The oldest owner of a tenant. */
    async ownerOf(tenant: TenantId): Promise<UserId> {
      const owner = (await identity.users.list(tenant, null, 1000)).find(({ role }) => role === 'owner');
      if (owner === undefined) throw new Error(`the tenant ${tenant} has no owner`);
      return owner.id;
    },
    /** Resolves when the first samples since the start are durable, or after 60 seconds without any. */
    async firstSamples(): Promise<void> {
      for (let waitedMs = 0; waitedMs < 60_000 && ingest.total() === 0; waitedMs += 100) await setTimeout(100);
    },
    async start(): Promise<Ports> {
      await tls?.certificates.start();
      await operating.start();
      await changes.start();
      await servers.start();
      await sharedPresences?.start();
      await accounting.start();
      idempotency.start();
      if (has('writer')) await leadership.start();
      if (has('api')) anywhere.start();
      await data.upgraded();
      if (has('door')) ({ port: mqttPort } = await mqtt.start());
      await http.listen({ host: config.plainHost, port: config.httpPort });
      await operatorDoor.start((request, response) => http.routing(request, response));
      const httpsPort = (await tls?.https.start())?.port ?? null;
      if (has('door')) mqttTlsPort = (await tls?.mqtt.start())?.port ?? null;
      const { port: httpPort } = http.server.address() as AddressInfo;
      return { httpPort, mqttPort, httpsPort, mqttTlsPort };
    },
    /** Doors first, so that nothing new comes; then what is behind them. */
    async stop(): Promise<void> {
      await servers.stop();
      await operatorDoor.stop();
      tls?.certificates.stop();
      tls?.mqtt.stop();
      mqttWebSocket.stop();
      await mqtt.stop();
      await relay?.close();
      await sharedPresences?.stop();
      await operating.stop();
      live.stop();
      await anywhere.stop();
      await tls?.https.stop();
      await http.close();
      idempotency.stop();
      await leadership.stop();
      await history.stop();
      await accounting.stop();
      await log.close();
      await changes.stop();
      await database.destroy();
      await data.release();
      await tracing?.stop();
    },
  };
}
