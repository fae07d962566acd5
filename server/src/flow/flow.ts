import type { Cause, Flow, StepState, TenantId } from '@luban/contracts';
import type { Edges } from '../edges/edges.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Log } from '../log/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

interface FlowOptions {
  edges: Edges;
  ingest: Pick<Ingest, 'rates'>;
  connections: () => number;
  log: Pick<Log, 'stats'>;
  telemetry: Pick<Telemetry, 'stats'>;
  nowMs: () => number;
}

/** An edge that does not keep up has this many samples waiting. */
const backlogWarning = 5000;
/** Storage is late beyond this. */
const lagWarningMs = 15_000;

/** The whole path as a picture, from what each step says of itself. */
export function createFlow({ edges, ingest, connections, log, telemetry, nowMs }: FlowOptions) {
  return ({ tenant, tenantNumber }: { tenant: TenantId; tenantNumber: number }): Flow => {
    const shownEdges = edges.list(tenant).map((edge): Flow['edges'][number] => {
      const { report } = edge;
      const backlog = report?.backlog.samples ?? 0;
      const state: StepState = !edge.enrolled
        ? 'idle'
        : !edge.connected
          ? 'broken'
          : backlog > backlogWarning || report?.outboxCause
            ? 'warning'
            : 'ok';
      return {
        id: edge.id,
        name: edge.name,
        connected: edge.connected,
        samplesPerSecond: edge.connected ? (report?.samplesPerSecond ?? 0) : 0,
        backlogSamples: backlog,
        lagMs: edge.connected ? (report?.lagMs ?? null) : null,
        state,
        cause: edge.connected
          ? (report?.outboxCause ?? (backlog > backlogWarning ? draining(backlog) : null))
          : edge.enrolled
            ? away
            : notEnrolled,
      };
    });
    const reports = edges.list(tenant).flatMap((edge) => (edge.connected ? (edge.report?.devices ?? []) : []));
    const inState = (wanted: string) => reports.filter(({ state }) => state === wanted).length;
    const devices = {
      online: inState('online'),
      degraded: inState('degraded'),
      offline: inState('offline') + inState('connecting'),
    };
    const { samplesPerSecond, messagesPerSecond } = ingest.rates(tenantNumber);
    const kept = log.stats();
    const store = telemetry.stats();
    const logCause: Cause | null =
      kept.fault === null ? null : { code: kept.fault.code, text: logBroken, detail: kept.fault.message };
    return {
      timeMs: nowMs(),
      devices: {
        ...devices,
        state: devices.offline > 0 ? 'broken' : devices.degraded > 0 ? 'warning' : devices.online > 0 ? 'ok' : 'idle',
      },
      edges: shownEdges,
      ingest: {
        samplesPerSecond,
        messagesPerSecond,
        connections: connections(),
        state: kept.healthy ? (samplesPerSecond > 0 ? 'ok' : 'idle') : 'broken',
        cause: logCause,
      },
      log: {
        bytes: kept.bytes,
        backlogRecords: store.backlogRecords,
        state: kept.healthy ? 'ok' : 'broken',
        cause: logCause,
      },
      storage: {
        samplesPerSecond: store.rowsPerSecond,
        samples: store.rows,
        bytes: store.bytesOnDisk,
        lagMs: store.lagMs,
        state:
          store.state === 'ok'
            ? (store.lagMs ?? 0) > lagWarningMs
              ? 'warning'
              : 'ok'
            : store.state === 'recovering'
              ? 'warning'
              : 'broken',
        cause:
          store.cause === undefined
            ? null
            : { code: store.cause.code, text: storeBroken, detail: store.cause.detail.slice(0, 500) },
      },
    };
  };
}

const away: Cause = {
  code: 'edge.away',
  text: {
    zh: '边缘网关未连接：它会在本机继续采集并缓存，恢复后自动补传。请检查它的电源与网络',
    en: 'The edge is not connected: it goes on collecting and keeps the data until it is back. Check its power and network',
  },
};
const notEnrolled: Cause = {
  code: 'edge.not-enrolled',
  text: {
    zh: '等待注册：请在边缘网关上使用一次性令牌',
    en: 'Waiting to be enrolled: use the one-time token on the edge',
  },
};
const logBroken = {
  zh: '日志无法落盘，已停止确认新数据；发送方会保留并重发。请检查磁盘空间与磁盘健康',
  en: 'The log cannot be written, so nothing new is acknowledged; senders keep their data and send again. Check disk space and health',
};
const storeBroken = {
  zh: '时序库暂不可用：数据已安全写入日志，恢复后自动入库',
  en: 'The store is not available: data is safe in the log and will be stored once it is back',
};
function draining(backlog: number): Cause {
  return {
    code: 'edge.backlog',
    text: { zh: `正在补传 ${backlog} 条积压数据`, en: `${backlog} samples are waiting and drain beside the live ones` },
  };
}
