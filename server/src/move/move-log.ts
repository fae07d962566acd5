import { type Log, openLog } from '../log/log.ts';
import { StartRefusal } from '../platform/start-refusal.ts';

/** Consumers of the log that keep a place in it. */
const consumers = ['telemetry', 'accounting'];

/** The platform gives the new log its size when it starts. */
const leastBytes = 64 << 20;

function open(where: { directory: string; address?: string; maxBytes: number }): Promise<Log> {
  return openLog({ ...where, nowUs: () => Date.now() * 1000, lines: () => undefined });
}

/** A journal in a folder that may be written, or `nats://…`. */
export type LogPlace = { readonly directory: string } | { readonly address: string };

/**
 * Throws StartRefusal when a log holds samples that are not stored and counted: a clean stop of the platform leaves none.
 * `counted`: up to where the records say so, in the platform's own log.
 */
export async function refuseUnstored(place: LogPlace, counted?: number): Promise<void> {
  const log = await open(
    'address' in place
      ? { ...place, directory: '', maxBytes: -1 } // no bound: the platform gives it back at its next start
      : { ...place, maxBytes: Number.MAX_SAFE_INTEGER },
  );
  const waiting = Math.max(...consumers.map((name) => log.behind(log.consumer(name).committed)));
  const end = log.next;
  const isOther = counted !== undefined && (counted > end || log.behind(counted) > 0);
  await log.close();
  if (isOther)
    throw new StartRefusal({
      zh: `日志结束于 ${end}，而账目已计到 ${counted}：这不是该平台的日志，或仍有服务器在写入`,
      en: `The log ends at ${end}, and the records have counted up to ${counted}: it is not the platform’s log, or a server is at work`,
    });
  if (waiting === 0) return;
  throw new StartRefusal({
    zh: `日志中还有 ${waiting} 条记录尚未入库或计入账目；请启动平台并正常停止一次，再迁移`,
    en: `The log holds ${waiting} records that are not stored and counted yet. Start the platform and stop it in good order once, then move it`,
  });
}

/**
 * All that the old log held is stored and counted, so the new one begins empty, and every consumer at its beginning.
 * Makes it where there is none, and returns that beginning. Throws StartRefusal for a log that was ever written to: its
 * consumers' places would be those of another platform.
 */
export async function beginLog(place: LogPlace): Promise<number> {
  const log = await open({ directory: '', ...place, maxBytes: leastBytes });
  try {
    const beginning = log.next;
    const places = consumers.map((name) => log.consumer(name).committed);
    if (beginning === 0 && places.every((place) => place === beginning)) return beginning;
    throw new StartRefusal({
      zh: '目标日志已被使用过；请用新的名称：nats://…/名称',
      en: 'The log that it should go on with has been used already. Give it a name of its own: nats://…/name',
    });
  } finally {
    await log.close();
  }
}
