import type { Access } from './access/access.ts';
import { registerAccessRoutes } from './access/access-routes.ts';
import { registerClientCertificateRoutes } from './access/client-certificates-routes.ts';
import type { Accounting } from './accounting/accounting.ts';
import { registerAccountingRoutes } from './accounting/accounting-routes.ts';
import { registerDeviceRoutes } from './edges/devices-routes.ts';
import type { Edges } from './edges/edges.ts';
import { registerEdgeRoutes } from './edges/edges-routes.ts';
import { registerFlowRoutes } from './flow/flow-routes.ts';
import type { Identity, NumberedTenant } from './identity/identity.ts';
import { registerIdentityRoutes } from './identity/identity-routes.ts';
import type { Imports } from './imports/imports.ts';
import { registerImportRoutes } from './imports/imports-routes.ts';
import type { Ingest } from './ingest/ingest.ts';
import { registerMqttClientRoutes } from './ingest/mqtt-clients-routes.ts';
import type { MqttIngest } from './ingest/mqtt-ingest.ts';
import type { RefusedEverywhere, RefusedValues } from './ingest/refused-values.ts';
import { registerRefusedValuesRoutes } from './ingest/refused-values-routes.ts';
import { registerSamplesRoutes } from './ingest/samples-routes.ts';
import { createShownServers } from './ingest/shown-servers.ts';
import type { Jobs } from './jobs/jobs.ts';
import { registerJobRoutes } from './jobs/jobs-routes.ts';
import type { Http } from './platform/http/http.ts';
import { errorLine, type LogLines } from './platform/log-lines.ts';
import type { Readings } from './readings/readings.ts';
import { registerReadingRoutes } from './readings/readings-routes.ts';
import type { RetentionFeature } from './retention/retention.ts';
import { registerRetentionRoutes } from './retention/retention-routes.ts';
import type { ServerRole, Servers } from './servers/servers.ts';
import { registerServersRoutes } from './servers/servers-routes.ts';
import type { Telemetry, TelemetryReads } from './telemetry/telemetry.ts';
import { registerSiteRoutes } from './things/sites-routes.ts';
import type { Things } from './things/things.ts';
import { registerThingRoutes } from './things/things-routes.ts';

interface Features {
  access: Access;
  accounting: Accounting;
  edges: Edges;
  flowOf: Parameters<typeof registerFlowRoutes>[1];
  history: TelemetryReads;
  identity: Identity;
  imports: Imports;
  ingest: Ingest;
  jobs: Jobs;
  lines: LogLines;
  mqtt: MqttIngest;
  mqttPorts: () => { readonly mqttPort: number; readonly mqttTlsPort: number | null };
  nowUs: () => number;
  readings: Readings;
  refused: RefusedValues;
  refusedOf: RefusedEverywhere;
  retention: RetentionFeature;
  servers: Servers;
  startDemo: (tenant: NumberedTenant) => Promise<void>;
  telemetry: Telemetry;
  things: Things;
}

/** The API's routes, as far as they are of this server's roles. */
export function registerRoutes(http: Http, roles: readonly ServerRole[], features: Features): void {
  const { access, edges, mqtt, mqttPorts, refusedOf, servers, things } = features;
  registerServersRoutes(http, servers);
  // What devices need to come in, and people to let them. An edge that enrols by HTTPS goes on by MQTT with TLS.
  registerEdgeRoutes(http, {
    edges,
    mqttPort: (secure) => (secure ? (mqttPorts().mqttTlsPort ?? mqttPorts().mqttPort) : mqttPorts().mqttPort),
  });
  registerAccessRoutes(http, access, mqttPorts);
  // Of all doors, whoever is asked.
  const shown = createShownServers(features.identity.ownsPlatform);
  registerMqttClientRoutes(http, mqtt.clients, shown);
  registerRefusedValuesRoutes(http, { things, refusedOf, shown });
  if (roles.includes('door')) registerDoorRoutes(http, features);
  // Who may lead answers for those that have the API and do not.
  if (roles.includes('api') || roles.includes('writer')) registerApiRoutes(http, features);
}

function registerDoorRoutes(http: Http, { ingest, nowUs, refused, things }: Features): void {
  registerSamplesRoutes(http, { ingest, refused, things, nowUs });
}

function registerApiRoutes(http: Http, features: Features): void {
  const { access, accounting, edges, flowOf, history, identity, imports, jobs, lines, nowUs } = features;
  const { readings, retention, startDemo, telemetry, things } = features;
  registerIdentityRoutes(http, identity, {
    // The simulated plant takes seconds to start: whoever set up the platform watches it come instead of waiting.
    onSetup: async ({ tenant, demoPlant }) => {
      if (!demoPlant) return;
      startDemo(tenant).catch((error: unknown) => lines('error', 'demo plant not added', { cause: errorLine(error) }));
    },
  });
  registerReadingRoutes(http, { readings, history, telemetry, things, nowUs, keepFrom: retention.keepFrom, jobs });
  registerJobRoutes(http, jobs);
  registerImportRoutes(http, imports);
  registerRetentionRoutes(http, { retention, telemetry });
  registerSiteRoutes(http, things);
  registerThingRoutes(http, { things, stateOf: (tenant, thing) => readings.stateOf(tenant, thing) });
  registerDeviceRoutes(http, edges);
  registerClientCertificateRoutes(http, access);
  registerFlowRoutes(http, flowOf);
  registerAccountingRoutes(http, { accounting, edges, things });
}
