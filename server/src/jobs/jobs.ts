import { type Job, type JobId, type JobKind, type Json, newId, type TenantId, type UserId } from '@luban/contracts';
import type { Database } from '../platform/database/database.ts';
import { errorText, Refusal } from '../platform/errors.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { createJobsStore, type HeldJob } from './jobs-store.ts';

export type Jobs = ReturnType<typeof createJobs>;

export interface JobControl {
  /** Aborted when somebody cancels it, or the platform stops: it is run again at the next start then. */
  readonly signal: AbortSignal;
  /** Shown to whoever waits; written down now and then. */
  progress(done: number, total: number | null): Promise<void>;
}

/**
 * Does a job of one kind; resolves to its report. Must come to the same end when it is run again from the beginning,
 * because that is what happens after a crash. `ended` is called once, when it will not be run again.
 */
export interface JobRunner {
  run(job: Job, of: { tenant: TenantId; tenantNumber: number }, control: JobControl): Promise<Json>;
  ended?(job: Job): Promise<void>;
}

interface JobsOptions {
  database: Database;
  nowMs: () => number;
  lines: LogLines;
}

/** Of all tenants together; of one tenant one at a time. */
const maxRunning = 2;
const maxWaitingOfTenant = 20;
const progressEveryMs = 1000;
const keepFinishedMs = 90 * 86_400_000;

interface Running {
  readonly held: HeldJob;
  readonly stopping: AbortController;
  readonly end: Promise<void>;
}

/** Work that goes on behind an answer, with progress, one after the other, across restarts. */
export function createJobs({ database, nowMs, lines }: JobsOptions) {
  const store = createJobsStore(database);
  const runners = new Map<JobKind, JobRunner>();
  const waiting: HeldJob[] = [];
  const running = new Map<JobId, Running>();
  let started = false;
  let lastIdMs = 0;

  /** Their order is that of their ids, of two in the same millisecond too. */
  function nextId(): JobId {
    lastIdMs = Math.max(nowMs(), lastIdMs + 1);
    return newId('job', lastIdMs);
  }

  function pump(): void {
    if (!started) return;
    for (let i = 0; i < waiting.length && running.size < maxRunning; ) {
      const held = waiting[i]!;
      if ([...running.values()].some((one) => one.held.tenant === held.tenant)) {
        i++;
        continue;
      }
      waiting.splice(i, 1);
      const stopping = new AbortController();
      const end = run(held, stopping.signal)
        .catch((error: unknown) =>
          lines('error', 'job not written down', { job: held.job.id, cause: errorLine(error) }),
        )
        .then(() => {
          running.delete(held.job.id);
          pump();
        });
      running.set(held.job.id, { held, stopping, end });
    }
  }

  async function change(held: HeldJob, values: Partial<Job>): Promise<void> {
    held.job = { ...held.job, ...values };
    await store.update(held);
  }

  async function run(held: HeldJob, signal: AbortSignal): Promise<void> {
    const runner = runners.get(held.job.kind);
    if (runner === undefined) throw new Error(`nobody does jobs of the kind ${held.job.kind}`);
    await change(held, { state: 'running' });
    let writtenMs = nowMs();
    const control: JobControl = {
      signal,
      async progress(done, total) {
        held.job = { ...held.job, progress: { done, total } };
        if (nowMs() - writtenMs < progressEveryMs) return;
        writtenMs = nowMs();
        await store.update(held);
      },
    };
    const finishedAt = () => new Date(nowMs()).toISOString();
    try {
      const report = await runner.run(held.job, held, control);
      await change(held, { state: 'done', report, finishedAt: finishedAt() });
    } catch (error) {
      if (signal.aborted && signal.reason !== cancelled) return; // the platform stops: again at the next start
      if (signal.aborted) await change(held, { state: 'cancelled', finishedAt: finishedAt() });
      else {
        const code = error instanceof Refusal ? error.code : 'server.fault';
        if (code === 'server.fault') lines('error', 'job failed', { job: held.job.id, cause: errorLine(error) });
        const { zh, en } = errorText(code);
        const report = error instanceof JobFault ? error.report : null;
        const detail = error instanceof Error ? error.message : String(error);
        await change(held, {
          state: 'failed',
          cause: { code, text: { zh, en }, detail },
          report,
          finishedAt: finishedAt(),
        });
      }
    }
    await runner.ended?.(held.job);
  }

  async function find(tenant: TenantId, id: JobId): Promise<Job> {
    const live = running.get(id)?.held;
    const found = live?.tenant === tenant ? live.job : await store.find(tenant, id);
    if (found === null) throw new Refusal('jobs.not-found', `There is no job ${id}`);
    return found;
  }

  return {
    define(kind: JobKind, runner: JobRunner): void {
      runners.set(kind, runner);
    },
    newId: nextId,
    async add(
      of: { tenant: TenantId; tenantNumber: number; user: UserId },
      kind: JobKind,
      detail: Json,
      id: JobId = nextId(),
    ): Promise<Job> {
      if (waiting.filter(({ tenant }) => tenant === of.tenant).length >= maxWaitingOfTenant)
        throw new Refusal('jobs.too-many', `${maxWaitingOfTenant} jobs are waiting already`);
      const one: Job = {
        id,
        kind,
        state: 'waiting',
        createdAt: new Date(nowMs()).toISOString(),
        finishedAt: null,
        createdBy: of.user,
        progress: { done: 0, total: null },
        detail,
        report: null,
        cause: null,
      };
      const held = { tenant: of.tenant, tenantNumber: of.tenantNumber, job: one };
      await store.insert(held);
      waiting.push(held);
      pump();
      return held.job;
    },
    find,
    async list(tenant: TenantId, before: string | null, limit: number): Promise<Job[]> {
      const found = await store.list(tenant, before, limit);
      return found.map((one) => running.get(one.id)?.held.job ?? one);
    },
    /** What is done stays done. */
    async cancel(tenant: TenantId, id: JobId): Promise<Job> {
      await find(tenant, id);
      const place = waiting.findIndex(({ job }) => job.id === id);
      if (place >= 0) {
        const [held] = waiting.splice(place, 1);
        await change(held!, { state: 'cancelled', finishedAt: new Date(nowMs()).toISOString() });
        await runners.get(held!.job.kind)?.ended?.(held!.job);
      }
      const live = running.get(id);
      live?.stopping.abort(cancelled);
      await live?.end;
      return find(tenant, id);
    },
    /** Goes on with what was not finished. After the last `define`. */
    async start(): Promise<void> {
      await store.removeFinishedBefore(nowMs() - keepFinishedMs);
      waiting.push(...(await store.unfinished()));
      started = true;
      pump();
    },
    async stop(): Promise<void> {
      started = false;
      const ends = [...running.values()].map(({ stopping, end }) => {
        stopping.abort();
        return end;
      });
      await Promise.all(ends);
    },
  };
}

const cancelled = new Error('cancelled');

/** A job that failed in an expected way, with what it found until then. */
export class JobFault extends Refusal {
  readonly report: Json;
  constructor(code: Refusal['code'], detail: string, report: Json) {
    super(code, detail);
    this.report = report;
  }
}
