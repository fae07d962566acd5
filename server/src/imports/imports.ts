import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { ImportError, ImportReport, Job, JobId, Json, Sample, TenantId, ThingId } from '@luban/contracts';
import type { Ingest } from '../ingest/ingest.ts';
import { type JobControl, JobFault, type Jobs } from '../jobs/jobs.ts';
import { Refusal } from '../platform/errors.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Things } from '../things/things.ts';
import { CsvError, csvRows } from './csv-rows.ts';
import { createSampleReader, type PointNames } from './sample-rows.ts';

export type Imports = ReturnType<typeof createImports>;

interface ImportsOptions {
  /** For files that wait to be read in. */
  directory: string;
  jobs: Jobs;
  things: Things;
  ingest: Ingest;
  telemetry: Pick<Telemetry, 'stats'>;
  nowUs: () => number;
}

const maxErrors = 100;
const samplesAtOnce = 5_000;
/** Live samples go first: an import waits while so many records are on their way into the store. */
const maxBacklog = 200;

/** History from CSV files: checked whole first, then sent in by the door for samples, slower than live ones could come. */
export function createImports({ directory, jobs, things, ingest, telemetry, nowUs }: ImportsOptions) {
  const fileOf = (id: JobId) => join(directory, `${id.slice(4)}.csv`);

  async function namesOf(tenant: TenantId): Promise<PointNames> {
    const ids = new Map<string, ThingId>();
    for (const { id, key } of await things.things(tenant)) ids.set(id, id).set(key, id);
    return {
      bySeries: (series) => things.point(tenant, series),
      byName(thing, property) {
        const id = ids.get(thing);
        const point = id && things.keyedPointsOf(tenant, id).get(property);
        // What the device calls it is no name here.
        return point?.key === property ? point : undefined;
      },
    };
  }

  /** Reads the file to its end; `take` gets what is right, the report what is not. */
  async function readFile(
    path: string,
    names: PointNames,
    control: JobControl,
    take: (sample: Sample) => Promise<void> | undefined,
    progress: (bytes: number) => Promise<void>,
  ): Promise<ImportReport> {
    const report = { rows: 0, accepted: 0, points: 0, errorCount: 0, errors: [] as ImportError[] };
    const seen = new Set<number>();
    const fail = (error: ImportError) => {
      report.errorCount++;
      if (report.errors.length < maxErrors) report.errors.push(error);
    };
    // The rows of one piece are read at a stretch, and whoever asks for values meanwhile waits for it.
    const file = createReadStream(path, { encoding: 'utf8', highWaterMark: 32 * 1024 });
    let reader: ReturnType<typeof createSampleReader> | undefined;
    try {
      for await (const row of csvRows(file)) {
        if (reader === undefined) {
          reader = createSampleReader(row, names, nowUs());
          if (reader.error !== undefined) fail(reader.error);
          continue;
        }
        if (reader.read === undefined) break;
        report.rows++;
        const outcome = reader.read(row);
        if ('error' in outcome) fail(outcome.error);
        else {
          seen.add(outcome.sample.series);
          report.accepted++;
          await take(outcome.sample);
        }
        if (report.rows % 2000 === 0) {
          control.signal.throwIfAborted();
          await progress(file.bytesRead);
        }
      }
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      fail({ line: error.line, column: '', text: { zh: '引号没有结束', en: error.message } });
    } finally {
      file.destroy();
    }
    return { ...report, points: seen.size };
  }

  async function send(tenantNumber: number, samples: readonly Sample[]): Promise<void> {
    const bySender = new Map<number, Sample[]>();
    for (const sample of samples) {
      const sender = things.directory.senderOf(sample.series);
      const group = bySender.get(sender);
      if (group) group.push(sample);
      else bySender.set(sender, [sample]);
    }
    for (const [number, group] of bySender) {
      const outcome = await ingest.acceptSamples({ tenantNumber, number }, group);
      if (outcome.ok) continue;
      throw new Refusal(outcome.reason === 'unavailable' ? 'samples.unavailable' : 'imports.invalid', outcome.message);
    }
  }

  async function run(
    job: Job,
    { tenant, tenantNumber }: { tenant: TenantId; tenantNumber: number },
    control: JobControl,
  ): Promise<Json> {
    const path = fileOf(job.id);
    const { size } = await stat(path).catch(() => {
      throw new Refusal('imports.invalid', 'The file is gone: send it again');
    });
    const names = await namesOf(tenant);
    const checked = await readFile(
      path,
      names,
      control,
      () => undefined,
      (bytes) => control.progress(bytes / 4, size),
    );
    if (checked.errorCount > 0)
      throw new JobFault('imports.invalid', `${checked.errorCount} rows are wrong; nothing was stored`, {
        ...checked,
        accepted: 0,
      } as unknown as Json);
    let waiting: Sample[] = [];
    const flush = async () => {
      const startedMs = performance.now();
      await send(tenantNumber, waiting);
      waiting = [];
      while (telemetry.stats().backlogRecords > maxBacklog)
        await setTimeout(200, undefined, { signal: control.signal });
      // As long at rest as at work.
      await setTimeout(performance.now() - startedMs, undefined, { signal: control.signal });
    };
    const take = (sample: Sample) => (waiting.push(sample) >= samplesAtOnce ? flush() : undefined);
    const report = await readFile(path, names, control, take, (bytes) =>
      control.progress(size / 4 + (bytes / 4) * 3, size),
    );
    if (waiting.length > 0) await flush();
    await control.progress(size, size);
    return report as unknown as Json;
  }

  jobs.define('import-samples', { run, ended: (job) => rm(fileOf(job.id), { force: true }) });

  return {
    /** Keeps the file; its content is checked by the job. */
    async add(of: Parameters<Jobs['add']>[0], name: string, content: Readable): Promise<Job> {
      await mkdir(directory, { recursive: true });
      const id = jobs.newId();
      const path = fileOf(id);
      try {
        await pipeline(content, createWriteStream(path, { mode: 0o600, flush: true }));
        const { size } = await stat(path);
        return await jobs.add(of, 'import-samples', { name, bytes: size }, id);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },
  };
}
