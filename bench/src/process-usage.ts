import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const pageBytes = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

/** A process and everything below it. */
export function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(Number(name));
    if (fields) parents.set(Number(name), Number(fields[1]));
  }
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

/** User and system time of a process and everything below it, µs. What has ended already is not in it. */
export function cpuMicros(pid: number): number {
  return family(pid).reduce((sum, one) => sum + ownCpuMicros(one), 0);
}

/** The same of one process alone. */
export function ownCpuMicros(pid: number): number {
  const fields = statOf(pid);
  return fields ? ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6 : 0;
}

/** Time that all processors of the machine were busy since its start, with everybody's work, µs. */
export function machineCpuMicros(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return ((user + nice + system + irq + softirq + steal) / ticksPerSecond) * 1e6;
}

/** Resident bytes of a process and everything below it: shared pages count once for each. */
export function residentBytes(pid: number): number {
  let pages = 0;
  for (const one of family(pid)) pages += Number(readProc(one, 'statm')?.split(' ')[1] ?? 0);
  return pages * pageBytes;
}

/** Proportional bytes: a shared page is divided among those who share it. Null where the kernel does not tell. */
export function proportionalBytes(pid: number): number | null {
  let kilobytes = 0;
  for (const one of family(pid)) {
    const found = /^Pss:\s+(\d+)/m.exec(readProc(one, 'smaps_rollup') ?? '');
    if (!found) return null;
    kilobytes += Number(found[1]);
  }
  return kilobytes * 1024;
}

/** The fields of /proc/<pid>/stat after the name, state first; undefined when the process is gone. */
function statOf(pid: number): string[] | undefined {
  const text = readProc(pid, 'stat');
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // ended meanwhile
  }
}
