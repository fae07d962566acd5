import { spawn } from 'node:child_process';
import { root, track } from '../children.ts';
import { measure } from '../measures.ts';
import { startPlatform } from '../platform/platform-process.ts';
import { formatNumber, type Row } from '../table.ts';

/** From the spawn to ready, on the data of this run; beside it a Node with tsx that does nothing. */
export async function startRow(data: string, firstMs: number, repetitions: number): Promise<Row[]> {
  const times: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    bare.push(await bareStart());
    const platform = await startPlatform(data, []);
    times.push(platform.startMs);
    await platform.stop();
  }
  return [
    {
      id: 'start',
      name: { zh: '启动（首次之后）', en: 'start, after the first run' },
      unit: 'ms',
      result: measure(times),
      limits: [{ name: 'bare Node with tsx', result: measure(bare) }],
      aim: '< 3,000',
      notes: [`the first start, with an empty folder, took ${formatNumber(firstMs)} ms`],
      fault: null,
    },
  ];
}

async function bareStart(): Promise<number> {
  const beganMs = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', '0'], { cwd: root, stdio: 'ignore' });
  track(child);
  await new Promise((resolve) => child.once('exit', resolve));
  return performance.now() - beganMs;
}
