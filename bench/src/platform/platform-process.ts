import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endChild, root, track } from '../children.ts';

/** The platform as its own process, as an operator starts it. */
export interface PlatformProcess {
  readonly pid: number;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** From the spawn to the line that says ready. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Rejects when it ends before it is ready, or is not ready after a minute. */
export async function startPlatform(data: string, args: readonly string[]): Promise<PlatformProcess> {
  const beganMs = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', ...args, 'server/src/main.ts'], {
    cwd: root,
    env: {
      ...withoutOwnSettings(),
      LUBAN_DATA: data,
      LUBAN_HTTP_PORT: '0',
      LUBAN_MQTT_PORT: '0',
      LUBAN_LOG_LEVEL: 'warn',
      LUBAN_RATE_LIMIT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  track(child);
  const ready = (await firstLine(child, 'the platform', 60_000)) as { httpPort: number; mqttPort: number };
  return {
    pid: child.pid!,
    ...ready,
    startMs: performance.now() - beganMs,
    stop: () => endChild(child, 'SIGTERM', 30_000),
  };
}

/** The environment without the settings of a Luban that its owner runs. */
export function withoutOwnSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('LUBAN_')));
}

/** The first line of JSON with `"ready":true` that a process writes. */
export function firstLine(child: ChildProcess, name: string, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${name} is not ready after ${timeoutMs} ms`)), timeoutMs);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (!line.includes('"ready":true')) return;
      clearTimeout(late);
      resolve(JSON.parse(line));
    });
  });
}
