import { type Child, startChild } from '../children.ts';
import type { LoadDone, LoadJob, LoadPrepared } from './load-job.ts';

/** A load that is encoded and connected and waits for its start. */
export interface ReadyLoad extends LoadPrepared {
  go(): Promise<LoadDone>;
}

/** The process that makes the load: pre-encoded messages, so that it never is the bottleneck. */
export interface Generator {
  prepare(job: LoadJob): Promise<ReadyLoad>;
  stop(): Promise<void>;
}

export function startGenerator(): Generator {
  const child: Child = startChild('load/load-child.ts');
  return {
    async prepare(job) {
      const prepared = await child.ask<LoadPrepared>({ job });
      return { ...prepared, go: () => child.ask<LoadDone>({ go: true }) };
    },
    stop: () => child.stop(),
  };
}
