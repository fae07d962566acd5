import { healthParts, type Readiness } from '@luban/contracts';
import type { Log } from '../log/log.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

type Part = Readiness['parts'][number];
type Cause = NonNullable<Part['cause']>;

interface HealthOptions {
  /** Which doors there are, and whether each listens. */
  doors: Partial<Record<'http' | 'https' | 'mqtt' | 'mqtts', () => boolean>>;
  log: Pick<Log, 'stats'>;
  /** Most bytes that the log keeps. */
  logBytes: number;
  /** Rejects when the log could take nothing. Asked only while it is not healthy. */
  probeLog: () => Promise<void>;
  /** Rejects when the records cannot be read. */
  probeRecords: () => Promise<void>;
  /** Null on a server that neither stores nor answers reads. */
  telemetry: Pick<Telemetry, 'stats'> | null;
  /** Whether this server stores and answers; else it stands by. */
  leads: () => boolean;
  lines: LogLines;
}

/** An answer is good for so long: anybody may ask, and a look costs a query. */
const answerAgeMs = 250;
/** A log that was full counts as writable again with this share of its room free. */
const roomAgain = 0.98;

/** Whether the platform can take and give data now. */
export function createHealth(options: HealthOptions): () => Promise<Readiness> {
  const { doors, log, probeLog, probeRecords, telemetry, lines } = options;
  let answer: { atMs: number; readiness: Promise<Readiness> } | undefined;
  let shown = '';

  async function logCause(): Promise<Cause | null> {
    const { fault, healthy, bytes } = log.stats();
    if (healthy) return null;
    if (fault?.code === 'journal.full' && bytes >= options.logBytes * roomAgain) return causes.logFull;
    // It tells of the last write, and with every sender waiting for readiness there is no next one: so try by ourselves.
    if (await worked(probeLog)) return null;
    return fault?.code === 'log.unavailable' ? causes.logServers : causes.log;
  }

  function telemetryCause(store: Pick<Telemetry, 'stats'>): Cause | null {
    if (!options.leads()) return causes.standsBy;
    return store.stats().state === 'ok' ? null : causes.telemetry;
  }

  async function worked(probe: () => Promise<void>): Promise<boolean> {
    try {
      await probe();
      return true;
    } catch (error) {
      lines('warn', 'readiness probe failed', { cause: errorLine(error) });
      return false;
    }
  }

  async function look(): Promise<Readiness> {
    const behind: Partial<Record<Part['name'], Cause | null>> = {
      log: await logCause(),
      records: (await worked(probeRecords)) ? null : causes.records,
      ...(telemetry && { telemetry: telemetryCause(telemetry) }),
    };
    const parts = healthParts.flatMap((name): Part[] => {
      const door = name in doors ? doors[name as keyof typeof doors] : undefined;
      const cause = door === undefined ? behind[name] : door() ? null : causes.door;
      return cause === undefined ? [] : [{ name, ready: cause === null, cause }];
    });
    const missing = parts.filter(({ ready }) => !ready).map(({ name }) => name);
    if (missing.join() !== shown) {
      shown = missing.join();
      lines(missing.length > 0 ? 'warn' : 'info', missing.length > 0 ? 'not ready' : 'ready again', { missing });
    }
    return { state: missing.length === 0 ? 'ready' : 'not-ready', parts };
  }

  return () => {
    if (answer === undefined || performance.now() - answer.atMs > answerAgeMs)
      answer = { atMs: performance.now(), readiness: look() };
    return answer.readiness;
  };
}

/**
 * For who watches over servers, and does not choose among them: a stand-by that could lead is as it should be. Else a rolling
 * update would wait for the second server for ever, and none could be taken away while one stands by.
 */
export function standingByIsReady({ parts: found }: Readiness): Readiness {
  const parts = found.map((part) =>
    part.cause?.code === 'server.stands-by' ? { ...part, ready: true, cause: null } : part,
  );
  return { state: parts.every(({ ready }) => ready) ? 'ready' : 'not-ready', parts };
}

const causes = {
  door: {
    code: 'door.closed',
    text: {
      zh: '该端口未监听：平台正在停止或端口出错',
      en: 'It does not listen: the platform is stopping or its port failed',
    },
  },
  log: {
    code: 'log.not-writable',
    text: {
      zh: '日志无法落盘，请检查磁盘空间与磁盘健康',
      en: 'The log cannot be written: check disk space and health',
    },
  },
  logServers: {
    code: 'log.not-writable',
    text: {
      zh: '日志所在的 NATS 服务器不接受写入：三台中至少须有两台可用，请检查这些服务器与网络',
      en: 'The NATS servers that keep the log take nothing: two of three must be there, so check them and the network',
    },
  },
  logFull: {
    code: 'log.full',
    text: {
      zh: '日志已写满尚未入库的数据，请检查时序库',
      en: 'The log is full of data that is not stored yet: check the telemetry store',
    },
  },
  records: {
    code: 'records.unreachable',
    text: { zh: '业务数据库无法读取', en: 'The database of records cannot be read' },
  },
  standsBy: {
    code: 'server.stands-by',
    text: {
      zh: '本服务器处于备用状态，由另一台服务器入库与应答',
      en: 'This server stands by: another one stores and answers',
    },
  },
  telemetry: {
    code: 'telemetry.unreachable',
    text: {
      zh: '时序库暂不可用，平台正在自行恢复；已确认的数据都在日志中',
      en: 'The telemetry store is away and is being brought back; what was acknowledged is in the log',
    },
  },
} satisfies Record<string, Cause>;
