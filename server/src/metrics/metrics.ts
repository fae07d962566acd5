import type { Accounting } from '../accounting/accounting.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Log, Relay } from '../log/log.ts';
import type { Tracing } from '../platform/tracing/tracing.ts';
import type { HistoryStats, Telemetry } from '../telemetry/telemetry.ts';
import type { watchEventLoop } from './event-loop.ts';
import type { meterHttp } from './http-meter.ts';
import { MetricText } from './metric-text.ts';

interface DoorStats {
  readonly connections: number;
  readonly received: number;
  readonly receivedBytes: number;
  readonly refused: Readonly<Partial<Record<string, number>>>;
  readonly paused: number;
  readonly inflight: number;
  readonly sessions: number;
  readonly retained: number;
  readonly backlogMessages: number;
  readonly backlogBytes: number;
  readonly dropped: {
    readonly full: number;
    readonly qos0: number;
    readonly expired: number;
    readonly tooLarge: number;
  };
  readonly storeBytes: number;
  readonly storeHealthy: boolean;
  readonly relay?: (ReturnType<Relay['stats']> & { handedOn: number; sessionsTaken: number }) | undefined;
}

interface MetricsOptions {
  version: string;
  door: () => DoorStats;
  ingest: Pick<Ingest, 'counts'>;
  log: Pick<Log, 'stats' | 'first' | 'behind' | 'read'>;
  /** Null on a server that does not follow the log. */
  telemetry: Pick<Telemetry, 'stats'> | null;
  /** Of reads of what is stored; null on a server without the API. */
  history: (() => HistoryStats) | null;
  /** Whether this server stores, keeps the books and works on jobs. */
  leads: () => boolean;
  accounting: Pick<Accounting, 'backlogRecords'>;
  watchers: () => number;
  http: ReturnType<typeof meterHttp>;
  loop: ReturnType<typeof watchEventLoop>;
  /** By its number. */
  tenants: () => Promise<readonly { id: string; number: number }[]>;
  tracing: Pick<Tracing, 'counts'> | undefined;
  nowMs: () => number;
}

/** What every stage of a sample's path says of itself, as text for a collector. Made when it is asked for. */
export function createMetrics(options: MetricsOptions): () => Promise<string> {
  const { door, ingest, log, telemetry, watchers, http, loop, nowMs } = options;
  const startSeconds = Math.round(performance.timeOrigin) / 1000;

  function doors(text: MetricText): void {
    const { connections, received, receivedBytes, refused, paused, inflight } = door();
    text
      .gauge('luban_mqtt_connections', 'Open MQTT connections.', connections)
      .counter('luban_mqtt_messages_total', 'MQTT publishes handed on.', received)
      .counter('luban_mqtt_received_bytes_total', 'Bytes read from MQTT connections.', receivedBytes)
      .counter(
        'luban_mqtt_refusals_total',
        'Connections and publishes refused, by reason.',
        Object.entries(refused).map(([reason, count]) => [{ reason }, count ?? 0] as const),
      )
      .gauge('luban_mqtt_paused_connections', 'MQTT connections that are not read from at the moment.', paused)
      .gauge('luban_mqtt_inflight_messages', 'MQTT publishes handed on and not settled.', inflight);
  }

  function brokered(text: MetricText): void {
    const { sessions, retained, backlogMessages, backlogBytes, dropped, storeBytes, storeHealthy } = door();
    text
      .gauge('luban_mqtt_sessions', 'MQTT sessions, also of clients that are away.', sessions)
      .gauge('luban_mqtt_retained_messages', 'MQTT messages retained.', retained)
      .gauge(
        'luban_mqtt_backlog_messages',
        'MQTT messages that wait or are unacknowledged, each once.',
        backlogMessages,
      )
      .gauge('luban_mqtt_backlog_bytes', 'Bytes of the MQTT messages that wait or are unacknowledged.', backlogBytes)
      .counter('luban_mqtt_dropped_messages_total', 'MQTT messages that a client did not get, by reason.', [
        [{ reason: 'full' }, dropped.full],
        [{ reason: 'qos0' }, dropped.qos0],
        [{ reason: 'expired' }, dropped.expired],
        [{ reason: 'too_large' }, dropped.tooLarge],
      ])
      .gauge('luban_mqtt_store_bytes', 'Bytes on disk of MQTT sessions and messages.', storeBytes)
      .gauge('luban_mqtt_store_healthy', '1 while the last write of MQTT sessions succeeded.', storeHealthy ? 1 : 0);
  }

  /** Of what goes between the doors of several servers. */
  function relayed(text: MetricText): void {
    const { relay } = door();
    if (relay === undefined) return;
    text
      .counter('luban_mqtt_relay_appended_records_total', 'Records that this door put into the relay.', relay.appended)
      .histogram('luban_mqtt_relay_append_seconds', 'From an append to the relay until it is durable.', [
        [{}, relay.syncs],
      ])
      .counter(
        'luban_mqtt_relay_handed_on_records_total',
        'Records of all doors that were handed on here.',
        relay.handedOn,
      )
      .gauge(
        'luban_mqtt_relay_waiting_messages',
        'Messages of the relay that are not handed on here yet.',
        relay.waiting,
      )
      .gauge('luban_mqtt_relay_healthy', '1 while the last append to the relay succeeded.', relay.healthy ? 1 : 0)
      .counter(
        'luban_mqtt_sessions_taken_total',
        'MQTT sessions that came here from other doors.',
        relay.sessionsTaken,
      );
  }

  async function ingested(text: MetricText): Promise<void> {
    const ids = new Map((await options.tenants()).map(({ id, number }) => [number, id]));
    const labelled = [...ingest.counts()].map(([number, counts]) => ({
      tenant: ids.get(number) ?? String(number),
      counts,
    }));
    text
      .counter(
        'luban_ingest_accepted_samples_total',
        'Samples on disk in the log and acknowledged.',
        labelled.map(({ tenant, counts }) => [{ tenant }, counts.samples] as const),
      )
      .counter(
        'luban_ingest_accepted_batches_total',
        'Batches on disk in the log and acknowledged.',
        labelled.map(({ tenant, counts }) => [{ tenant }, counts.messages] as const),
      )
      .counter(
        'luban_ingest_refused_samples_total',
        'Samples not taken, by reason; what cannot be read counts in luban_ingest_refused_batches_total alone.',
        labelled.flatMap(({ tenant, counts }) =>
          Object.entries(counts.refused).map(([reason, { samples }]) => [{ tenant, reason }, samples] as const),
        ),
      )
      .counter(
        'luban_ingest_refused_batches_total',
        'Batches not taken, by reason.',
        labelled.flatMap(({ tenant, counts }) =>
          Object.entries(counts.refused).map(([reason, { batches }]) => [{ tenant, reason }, batches] as const),
        ),
      );
  }

  async function logged(text: MetricText): Promise<void> {
    const { bytes, healthy, appended, appendedBytes, syncs } = log.stats();
    const [oldest] = await log.read(log.first, { records: 1, bytes: 1 });
    text
      .counter('luban_log_appended_records_total', 'Records appended to the log.', appended)
      .counter('luban_log_appended_bytes_total', 'Bytes appended to the log.', appendedBytes)
      .histogram('luban_log_sync_seconds', 'Write and sync of one group of appends.', [[{}, syncs]])
      .gauge('luban_log_bytes', 'Bytes that the log holds.', bytes)
      .gauge('luban_log_records', 'Records that the log holds.', log.behind(log.first))
      .gauge(
        'luban_log_oldest_age_seconds',
        'Age of the oldest record in the log; 0 when it is empty.',
        oldest === undefined ? 0 : Math.max(0, (nowMs() - oldest.arrivalUs / 1000) / 1000),
      )
      .gauge('luban_log_healthy', '1 while the last write to the log succeeded.', healthy ? 1 : 0);
  }

  function stored(text: MetricText, telemetry: Pick<Telemetry, 'stats'>): void {
    const { rows, bytesOnDisk, lagMs, backlogRecords, state, restarts, insertedRows, inserts, rolledUpToUs, lateDays } =
      telemetry.stats();
    text
      .gauge('luban_consumer_lag_records', 'Records of the log that a consumer has not done yet.', [
        [{ consumer: 'telemetry' }, backlogRecords],
        [{ consumer: 'accounting' }, options.accounting.backlogRecords()],
      ])
      .gauge('luban_consumer_lag_seconds', 'Age of the oldest record that a consumer has not done yet.', [
        [{ consumer: 'telemetry' }, (lagMs ?? 0) / 1000],
      ])
      .gauge('luban_telemetry_rows', 'Samples in the store.', rows)
      .gauge('luban_telemetry_bytes', 'Bytes of the store on disk.', bytesOnDisk)
      .counter('luban_telemetry_inserted_rows_total', 'Samples inserted into the store.', insertedRows)
      .histogram('luban_telemetry_insert_seconds', 'Insert of one block into the store.', [[{}, inserts]])
      .gauge(
        'luban_telemetry_state',
        '1 for the state that the store is in.',
        (['ok', 'recovering', 'broken'] as const).map((one) => [{ state: one }, one === state ? 1 : 0] as const),
      )
      .counter(
        'luban_telemetry_restarts_total',
        'Times that the store came back after its process had ended.',
        restarts,
      )
      .gauge(
        'luban_rollup_end_timestamp_seconds',
        'Sums by minute and by hour are made of all that is older.',
        rolledUpToUs / 1_000_000,
      )
      .gauge('luban_rollup_backlog', 'Days with samples that came late and are not in the sums yet.', lateDays);
  }

  function traced(text: MetricText, tracing: Pick<Tracing, 'counts'>): void {
    const { exported, dropped } = tracing.counts();
    text
      .counter('luban_trace_spans_exported_total', 'Spans that the collector of traces has taken.', exported)
      .counter('luban_trace_spans_dropped_total', 'Spans that the collector did not get or did not take, by reason.', [
        [{ reason: 'full' }, dropped.full],
        [{ reason: 'failed' }, dropped.failed],
        [{ reason: 'rejected' }, dropped.rejected],
      ]);
  }

  function read(text: MetricText, { here, leader, follows, waitingRows }: HistoryStats): void {
    text
      .counter('luban_history_reads_total', 'Reads of samples, by the server that answers.', [
        [{ answered: 'here' }, here],
        [{ answered: 'leader' }, leader],
      ])
      .gauge('luban_history_follows', '1 while this server follows the one that stores.', follows ? 1 : 0)
      .gauge('luban_history_waiting_rows', 'Rows that a server that follows holds until they are stored.', waitingRows);
  }

  function processed(text: MetricText): void {
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const { p50, p99, max } = loop.delay();
    text
      .gauge('luban_live_watchers', 'Open WebSockets that watch.', watchers())
      .histogram(
        'luban_http_request_seconds',
        'HTTP requests by route and status.',
        [...http.routes()].map(({ labels, durations }) => [labels, durations] as const),
      )
      .gauge('nodejs_eventloop_lag_p50_seconds', 'Median delay of the event loop over ten seconds.', p50)
      .gauge(
        'nodejs_eventloop_lag_p99_seconds',
        '99th percentile of the delay of the event loop over ten seconds.',
        p99,
      )
      .gauge('nodejs_eventloop_lag_max_seconds', 'Largest delay of the event loop over ten seconds.', max)
      .gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', memory.heapUsed)
      .gauge('nodejs_external_memory_bytes', 'Memory of buffers outside the JavaScript heap.', memory.external)
      .gauge('process_resident_memory_bytes', 'Memory of the platform’s process, without the store’s.', memory.rss)
      .counter('process_cpu_seconds_total', 'Processor time of the platform’s process.', (cpu.user + cpu.system) / 1e6)
      .gauge('process_start_time_seconds', 'Start of the process, seconds since 1970.', startSeconds)
      .gauge('luban_build_info', '1, with the versions as labels.', [
        [{ version: options.version, node: process.versions.node }, 1],
      ]);
  }

  return async () => {
    const text = new MetricText();
    doors(text);
    brokered(text);
    relayed(text);
    await ingested(text);
    await logged(text);
    if (telemetry !== null) stored(text, telemetry);
    if (options.history !== null) read(text, options.history());
    text.gauge('luban_leads', '1 on the server that stores for all of them.', options.leads() ? 1 : 0);
    if (options.tracing !== undefined) traced(text, options.tracing);
    processed(text);
    return text.toString();
  };
}
