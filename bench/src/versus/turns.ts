import { setTimeout } from 'node:timers/promises';
import type { Bench, LoadResult } from '../bench.ts';
import type { LoadDone, LoadJob } from '../load/load-job.ts';
import { measure } from '../measures.ts';
import { cpuMicros } from '../process-usage.ts';
import { NotAvailable, type Rival } from '../rivals/rival.ts';
import { formatNumber } from '../table.ts';
import type { Other } from './comparison.ts';

/** A rival, or why there is none. */
export type Entrant =
  | { readonly name: string; readonly rival: Rival }
  | { readonly name: string; readonly absent: string };

/** Starts a rival; what cannot be had is said in its row. */
export async function enter(name: string, start: () => Promise<Rival>): Promise<Entrant> {
  try {
    return { name, rival: await start() };
  } catch (error) {
    if (!(error instanceof NotAvailable)) throw error;
    return { name, absent: error.message };
  }
}

export function present(entrants: readonly Entrant[]): Rival[] {
  return entrants.flatMap((entrant) => ('rival' in entrant ? [entrant.rival] : []));
}

/** What the entrants reached; `figures` by name. */
export function othersOf(entrants: readonly Entrant[], figures: ReadonlyMap<string, readonly number[]>): Other[] {
  return entrants.map((entrant) => ({
    name: entrant.name,
    rounds: 'absent' in entrant ? entrant.absent : (figures.get(entrant.name) ?? []),
  }));
}

/** Figures of each name, in rounds. */
export class Figures extends Map<string, number[]> {
  add(name: string, figure: number): void {
    const known = this.get(name);
    if (known === undefined) this.set(name, [figure]);
    else known.push(figure);
  }
}

export interface RivalLoad {
  readonly samples: number;
  /** From the first message until the last is acknowledged. */
  readonly ms: number;
  readonly cpuUs: number;
  readonly generator: LoadDone;
  readonly fault: string | null;
}

/** Sends a job to a rival and counts what it holds afterwards. */
export async function runRivalLoad(bench: Bench, rival: Rival, job: LoadJob): Promise<RivalLoad> {
  const load = await bench.generator.prepare(job);
  const before = await rival.count();
  const cpuBefore = cpuMicros(rival.pid);
  const generator = await load.go();
  await rival.flush();
  const cpuUs = cpuMicros(rival.pid) - cpuBefore;
  const samples = generator.sent * job.samplesPerMessage;
  let held = 0;
  for (let i = 0; i < 20 && held !== samples; i++) {
    if (i > 0) await setTimeout(500);
    held = (await rival.count()) - before;
  }
  const fault = held === samples ? null : `${rival.name} holds ${held} samples of ${samples}`;
  return { samples, ms: generator.endedMs - generator.startedMs, cpuUs, generator, fault };
}

/** Resolves when a process and its children do nothing, or after `seconds`. */
export async function atRest(pid: number, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    const before = cpuMicros(pid);
    await setTimeout(1000);
    if (cpuMicros(pid) - before < 120_000) return;
  }
}

/** What share of one core the generator needed, and what strangers took of the machine. */
export function loadNote(results: readonly (LoadResult | RivalLoad)[]): string {
  const share = measure(
    results.map(({ generator: { cpuUs, startedMs, endedMs } }) => cpuUs / 1000 / (endedMs - startedMs)),
  );
  const strangers = results.flatMap((each) => ('othersShare' in each ? [each.othersShare] : []));
  const others =
    strangers.length === 0
      ? ''
      : `; strangers to this run took ${formatNumber(100 * measure(strangers).median)} % of the machine`;
  return `the generator used ${formatNumber(100 * share.median)} % of one core, at most ${formatNumber(100 * share.most)} %${others}`;
}
