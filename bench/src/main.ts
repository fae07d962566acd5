import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { endAll } from './children.ts';
import { measureAll } from './measure-all.ts';
import { help, type Options, readOptions } from './options.ts';
import { formatRows, type Row } from './table.ts';
import { type Comparison, formatComparisons } from './versus/comparison.ts';
import { measureRivals } from './versus/measure-rivals.ts';

async function main(options: Options): Promise<number> {
  const beganMs = performance.now();
  const machine = {
    date: new Date().toISOString(),
    node: process.version,
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? '',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: loadavg().map((load) => Number(load.toFixed(2))),
  };
  say(`${machine.cores} cores, ${machine.processor}, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.date}`);
  say(`负载 load before: ${machine.loadBefore.join(' ')}`);
  if (options.data !== null) await mkdir(options.data, { recursive: true });
  const folder = await mkdtemp(join(options.data ?? tmpdir(), 'luban-bench-'));
  const cleanUp = async () => {
    await endAll();
    await rm(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      cleanUp().then(
        () => process.exit(1),
        (error: unknown) => {
          say(String(error));
          process.exit(1);
        },
      );
    });
  let rows: (Row | Comparison)[];
  let table: string;
  try {
    if (options.rivals) {
      const comparisons = await measureRivals(options, folder);
      rows = comparisons;
      table = formatComparisons(comparisons);
    } else {
      const measured = await measureAll(options, folder);
      rows = measured;
      table = formatRows(measured);
    }
  } finally {
    await cleanUp();
  }
  process.stdout.write(`\n${table}\n`);
  say(`${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
  return rows.some(({ fault }) => fault !== null) ? 1 : 0;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  if (process.argv.includes('--help')) say(help);
  else process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
}
