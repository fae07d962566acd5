import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The project's root: where tsx and the workspaces are found from. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A child of the bench that speaks in messages: each call is answered once, in order. */
export interface Child {
  readonly pid: number;
  /** Sends `message` and resolves with the next answer. Rejects with the child's own error, or when it ends first. */
  ask<T>(message: object): Promise<T>;
  stop(): Promise<void>;
}

const living = new Set<ChildProcess>();

/** Starts a script of the bench (path from `bench/src`). */
export function startChild(script: string): Child {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [], {
    cwd: root,
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
  track(child);
  return {
    pid: child.pid!,
    ask<T>(message: object) {
      return new Promise<T>((resolve, reject) => {
        const settle = (end: () => void) => {
          child.off('message', onMessage);
          child.off('exit', onExit);
          end();
        };
        const onMessage = (answer: unknown) => {
          const { error, value } = answer as { error?: string; value?: T };
          settle(() => (error === undefined ? resolve(value as T) : reject(new Error(`${script}: ${error}`))));
        };
        const onExit = (code: number | null) => settle(() => reject(new Error(`${script} ended with ${code}`)));
        child.on('message', onMessage);
        child.on('exit', onExit);
        child.send(message, (error) => {
          if (error) settle(() => reject(error));
        });
      });
    },
    stop: () => endChild(child, 'SIGTERM', 5000),
  };
}

/** The child's side: answers each message with what `handle` makes of it. Ends with its parent. */
export function serveParent(handle: (message: never) => unknown): void {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', async (message) => {
    try {
      process.send!({ value: await handle(message as never) });
    } catch (error) {
      process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

/** Remembers a process so that `endAll` finds it. */
export function track(child: ChildProcess): void {
  living.add(child);
  child.once('exit', () => living.delete(child));
}

/** Asks a process to end and kills it after `patienceMs`. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await gone;
  clearTimeout(impatience);
}

/** Ends whatever the run has started and not ended itself. */
export async function endAll(): Promise<void> {
  await Promise.all([...living].map((child) => endChild(child, 'SIGTERM', 5000)));
}
