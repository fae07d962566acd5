import type { Accounting } from './accounting/accounting.ts';
import { createBackup } from './backup/backup.ts';
import { registerBackupRoutes } from './backup/backup-routes.ts';
import type { ServerConfig } from './config.ts';
import { probeDisk } from './health/disk-probe.ts';
import { createHealth } from './health/health.ts';
import { registerHealthRoutes } from './health/health-routes.ts';
import type { Log } from './log/log.ts';
import { watchEventLoop } from './metrics/event-loop.ts';
import { createMetrics } from './metrics/metrics.ts';
import { registerMetricsRoutes } from './metrics/metrics-routes.ts';
import type { Http } from './platform/http/http.ts';
import type { LogLines } from './platform/log-lines.ts';
import type { Tracing } from './platform/tracing/tracing.ts';
import { version } from './platform/version.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

type HealthNeeds = Parameters<typeof createHealth>[0];
type MetricsNeeds = Parameters<typeof createMetrics>[0];

interface OperatingOptions
  extends Pick<HealthNeeds, 'doors' | 'probeRecords'>,
    Pick<MetricsNeeds, 'door' | 'ingest' | 'watchers' | 'tenants' | 'leads'> {
  readonly history: NonNullable<MetricsNeeds['history']>;
  readonly config: ServerConfig;
  readonly http: Http;
  readonly httpMeter: MetricsNeeds['http'];
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly accounting: Accounting;
  readonly tracing: Tracing | undefined;
  readonly nowMs: () => number;
  readonly lines: LogLines;
}

/** What the people have who keep the platform running: health, backup, metrics, each with its routes. */
export function createOperating(options: OperatingOptions): { start(): Promise<void>; stop(): Promise<void> } {
  const { config, http, httpMeter, door, doors, leads, history, watchers, tenants, probeRecords } = options;
  const { ingest, log, telemetry, accounting, tracing, nowMs, lines } = options;
  const loop = watchEventLoop();
  const follows = config.roles.includes('writer') ? telemetry : null;
  const backup = createBackup({
    directory: config.dataDirectory,
    embedded: config.records === undefined,
    software: version,
    ...{ log, telemetry, accounting, nowMs, lines },
  });
  registerHealthRoutes(
    http,
    createHealth({
      logBytes: config.logBytes,
      probeLog: () => log.probe?.() ?? probeDisk(config.dataDirectory),
      telemetry: follows,
      leads,
      ...{ doors, log, probeRecords, lines },
    }),
  );
  registerBackupRoutes(http, backup);
  registerMetricsRoutes(
    http,
    config.metrics,
    createMetrics({
      version,
      http: httpMeter,
      door,
      ingest,
      log,
      telemetry: follows,
      history: config.roles.includes('api') ? history : null,
      leads,
      accounting,
      watchers,
      loop,
      tenants,
      tracing,
      nowMs,
    }),
  );
  return {
    start: () => backup.start(),
    async stop() {
      await backup.stop();
      loop.stop();
    },
  };
}
