import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { endChild, root, track } from '../children.ts';
import { measure } from '../measures.ts';
import { proportionalBytes, residentBytes } from '../process-usage.ts';
import { formatNumber, type Limit, type Row } from '../table.ts';
import { openChdb } from './storage-row.ts';

const mebibyte = 2 ** 20;

/** Resident memory of the platform at rest: a row without limit yet, so that nothing else runs beside. */
export async function idleMemory(
  pid: number,
  seconds: number,
): Promise<{ resident: number; proportional: number | null }> {
  await setTimeout(seconds * 1000);
  return { resident: residentBytes(pid), proportional: proportionalBytes(pid) };
}

/** What the two parts take that the platform cannot do without: Node with tsx, and chDB with an empty folder. */
export async function bareMemory(folder: string): Promise<Limit> {
  const chdb = await openChdb(await mkdtemp(join(folder, 'bare-')));
  const node = spawn(process.execPath, ['--import', 'tsx', '-e', 'setInterval(() => {}, 1000)'], {
    cwd: root,
    stdio: 'ignore',
  });
  track(node);
  await setTimeout(2000);
  const bytes = residentBytes(chdb.pid) + residentBytes(node.pid!);
  await endChild(node, 'SIGTERM', 1000);
  await chdb.stop();
  return { name: 'bare Node + bare chDB', result: measure([bytes / mebibyte]) };
}

export function memoryRows(
  idle: { resident: number; proportional: number | null },
  loaded: readonly number[],
  limit: Limit,
): Row[] {
  const shares =
    idle.proportional === null ? [] : [`${formatNumber(idle.proportional / mebibyte)} MiB proportional (PSS)`];
  const rows: Row[] = [
    {
      id: 'memory-idle',
      name: { zh: '空闲内存（平台与数据库进程）', en: 'memory idle, with the database' },
      unit: 'MiB RSS',
      result: measure([idle.resident / mebibyte]),
      limits: [limit],
      aim: '< 572 (600 MB)',
      notes: shares,
      fault: null,
    },
  ];
  if (loaded.length > 0)
    rows.push({
      id: 'memory-loaded',
      name: { zh: '满载内存峰值', en: 'memory loaded, highest' },
      unit: 'MiB RSS',
      result: measure([Math.max(...loaded) / mebibyte]),
      limits: [],
      aim: null,
      notes: [`median under load ${formatNumber(measure(loaded).median / mebibyte)} MiB`],
      fault: null,
    });
  return rows;
}
