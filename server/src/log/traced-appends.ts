import type { Tracing } from '../platform/tracing/tracing.ts';
import type { Log } from './log-contract.ts';

/** The log's door for ingest, with a span of each append that is traced. */
export function traceAppends(
  log: Pick<Log, 'append' | 'join' | 'newestArrivalUs'>,
  tracing: Tracing,
): Pick<Log, 'join' | 'newestArrivalUs'> {
  return {
    get newestArrivalUs() {
      return log.newestArrivalUs;
    },
    join(tenant, batch) {
      if (tracing.current() === undefined) return log.join(tenant, batch);
      return tracing.part('log append', { 'luban.bytes': batch.length }, async (span) => {
        const position = await log.append(tenant, batch);
        if (span !== undefined) {
          span.attributes['luban.log.position'] = position;
          tracing.remember(position, span);
        }
        return position;
      });
    },
  };
}
