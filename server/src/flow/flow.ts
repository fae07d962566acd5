import type { Cause, Flow, ServerName, StepState, TenantId } from '@luban/contracts';
import type { Accounting } from '../accounting/accounting.ts';
import type { Edges } from '../edges/edges.ts';
import type { Traffic } from '../ingest/ingest.ts';
import type { Log } from '../log/log.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

interface FlowOptions {
  edges: Edges;
  accounting: Pick<Accounting, 'ofTenant' | 'check'>;
  trafficOf: (tenantNumber: number) => Promise<Traffic>;
  log: Pick<Log, 'stats'>;
  telemetry: Pick<Telemetry, 'stats'>;
  /** How many share this platform. */
  countTenants: () => Promise<number>;
  nowMs: () => number;
  lines: LogLines;
}

/** An edge that does not keep up has this many samples waiting. */
const backlogWarning = 5000;
/** Storage is late beyond this. */
const lagWarningMs = 15_000;

/** How often it is looked whether there are other tenants. */
const tenantsAgeMs = 1000;

/** The whole path as a picture, from what each step says of itself. */
export async function createFlow(options: FlowOptions) {
  const { edges, accounting, trafficOf, log, telemetry, countTenants, nowMs, lines } = options;
  let tenants = await countTenants();
  let countedMs = performance.now();

  /** Whether what the whole platform has is this tenant's own. */
  function isAlone(): boolean {
    if (performance.now() - countedMs > tenantsAgeMs) {
      countedMs = performance.now();
      countTenants().then(
        (count) => {
          tenants = count;
        },
        (error: unknown) => lines('error', 'tenants not counted', { cause: errorLine(error) }),
      );
    }
    return tenants <= 1;
  }

  return async ({ tenant, tenantNumber }: { tenant: TenantId; tenantNumber: number }): Promise<Flow> => {
    const { samplesPerSecond, messagesPerSecond, connections, notAnswering } = await trafficOf(tenantNumber);
    const shownEdges = edges.list(tenant).map((edge): Flow['edges'][number] => {
      const { report } = edge;
      const backlog = report?.backlog.samples ?? 0;
      const book = accounting.check(edge.id);
      const astray = book.state === 'missing' || book.state === 'surplus';
      const state: StepState = !edge.enrolled
        ? 'idle'
        : !edge.connected
          ? 'broken'
          : backlog > backlogWarning || report?.outboxCause || astray
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
          ? (report?.outboxCause ??
            (astray ? notAddingUp(book.difference) : backlog > backlogWarning ? draining(backlog) : null))
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
    const kept = log.stats();
    const store = telemetry.stats();
    const alone = isAlone();
    const own = alone ? null : accounting.ofTenant(tenantNumber);
    const logCause: Cause | null =
      kept.fault === null
        ? null
        : {
            code: kept.fault.code,
            text: kept.fault.code === 'log.unavailable' ? logServersBroken : logBroken,
            detail: kept.fault.message,
          };
    /** How the platform is made is for those who have it for themselves. */
    const shown = (cause: Cause | null): Cause | null =>
      cause === null || alone ? cause : { code: cause.code, text: cause.text };
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
        connections: alone ? connections : null,
        state: !kept.healthy ? 'broken' : notAnswering.length > 0 ? 'warning' : samplesPerSecond > 0 ? 'ok' : 'idle',
        cause: shown(logCause) ?? doorsSilent(notAnswering, alone),
      },
      log: {
        bytes: alone ? kept.bytes : null,
        backlogRecords: alone ? store.backlogRecords : null,
        state: kept.healthy ? (kept.damage === null ? 'ok' : 'warning') : 'broken',
        cause: shown(logCause ?? logDamage(kept.damage)),
      },
      storage: {
        // Of one tenant's samples among others nobody measures the inserts; what comes in is what goes on.
        samplesPerSecond: own === null ? store.rowsPerSecond : store.state === 'ok' ? samplesPerSecond : 0,
        samples: own === null ? store.rows : own.stored - own.repeated,
        bytes: alone ? store.bytesOnDisk : null,
        lagMs: store.lagMs,
        state:
          store.state === 'ok'
            ? (store.lagMs ?? 0) > lagWarningMs || store.damage
              ? 'warning'
              : 'ok'
            : store.state === 'recovering'
              ? 'warning'
              : 'broken',
        cause: shown(
          store.cause === undefined
            ? storeDamage(store.damage)
            : { code: store.cause.code, text: storeBroken, detail: store.cause.detail.slice(0, 500) },
        ),
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
const logServersBroken = {
  zh: '日志所在的 NATS 服务器不接受写入，已停止确认新数据；发送方会保留并重发。请检查这些服务器与网络',
  en: 'The NATS servers that keep the log take nothing, so nothing new is acknowledged; senders keep their data and send again. Check those servers and the network',
};
function doorsSilent(doors: readonly ServerName[], alone: boolean): Cause | null {
  if (doors.length === 0) return null;
  if (!alone) return { code: 'servers.not-answering', text: someDoorSilent };
  const names = doors.map(({ name }) => name);
  const text = {
    zh: `接入服务器 ${names.join('、')} 没有应答，其连接与速率未计入。请检查该服务器及其网络`,
    en: `The door ${names.join(', ')} does not answer; its connections and rates are not counted. Check that server and its network`,
  };
  return {
    code: 'servers.not-answering',
    text,
    detail: doors
      .map(({ id }) => id)
      .join(', ')
      .slice(0, 500),
  };
}
const someDoorSilent = {
  zh: '有接入服务器没有应答，其速率未计入。平台的运维人员可以看到是哪一台',
  en: 'A door does not answer; its rates are not counted. Who operates the platform can see which',
};
function logDamage(damage: { message: string } | null): Cause | null {
  if (damage === null) return null;
  const text = {
    zh: '日志中有记录损坏，已另存到隔离目录；其中尚未入库的数据已丢失。请检查磁盘健康',
    en: 'Records of the log are damaged and were set aside; those that were not stored yet are lost. Check the disk',
  };
  return { code: 'log.damaged', text, detail: damage.message };
}
function storeDamage(damage: { code: string; detail: string } | undefined): Cause | null {
  if (damage === undefined) return null;
  const text = {
    zh: '时序库有文件损坏，其中的历史数据无法读取；新数据照常入库。请检查磁盘健康并从备份恢复',
    en: 'Files of the store are damaged and their history cannot be read; new data is stored. Check the disk and restore from a backup',
  };
  return { code: damage.code, text, detail: damage.detail.slice(0, 500) };
}
const storeBroken = {
  zh: '时序库暂不可用：数据已安全写入日志，恢复后自动入库',
  en: 'The store is not available: data is safe in the log and will be stored once it is back',
};
function notAddingUp(difference: number): Cause {
  return {
    code: 'edge.book',
    text: {
      zh: `账目不符：相差 ${difference} 个样本；详见该网关的“账目”页`,
      en: `Its book does not add up: ${difference} samples apart; see Book on its page`,
    },
  };
}
function draining(backlog: number): Cause {
  return {
    code: 'edge.backlog',
    text: { zh: `正在补传 ${backlog} 条积压数据`, en: `${backlog} samples are waiting and drain beside the live ones` },
  };
}
