import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One of the product's own commands, as a newcomer starts it, with data in a folder of its own. */
export interface Launched {
  readonly address: string;
  readonly link: string | null;
  /** Process ids of the platform and whatever else the launcher keeps, by the path of their main file. */
  processes(): Map<string, number>;
  /** Ctrl-C. The launcher's exit code; null when a signal ended it. Again: nothing. */
  stop(): Promise<number | null>;
}

/** Starts `tools/<command>.mjs` and waits until it prints the address (and the sign-in link, for the demo). */
export async function launch(command: 'demo' | 'start', environment: Record<string, string> = {}): Promise<Launched> {
  const data = mkdtempSync(join(tmpdir(), `luban-${command}-`));
  // What tests say to each other is no setting of the product, which refuses what it does not know.
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LUBAN_TEST_')));
  const child = spawn(process.execPath, [`tools/${command}.mjs`], {
    cwd: root,
    env: { ...own, LUBAN_DATA: data, LUBAN_LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = await printed(child, command === 'demo' ? /\/link\/\S+[\s\S]*Ctrl-C stops/ : /Luban is ready: \S+/);
  const address = /Luban is ready[^:]*: (http:\/\/\S+)/.exec(output)![1]!;
  return {
    address,
    link: /http:\/\/\S+\/link\/\S+/.exec(output)?.[0] ?? null,
    processes: () => childrenOf(child.pid!),
    async stop() {
      if (child.exitCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGINT');
        await gone;
      }
      rmSync(data, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}

function printed(child: ChildProcess, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const take = (text: Buffer) => {
      output += String(text);
      if (!wanted.test(output)) return;
      clearTimeout(deadline);
      resolve(output);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code) => reject(new Error(`it ended with ${code} and printed:\n${output}`)));
    const deadline = setTimeout(
      () => reject(new Error(`it was not ready within 90 seconds and printed:\n${output}`)),
      90_000,
    );
  });
}

function childrenOf(pid: number): Map<string, number> {
  const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
  return new Map(
    ids.map((id) => [/[a-z]+\/src\/main\.ts/.exec(readFileSync(`/proc/${id}/cmdline`, 'utf8'))?.[0] ?? '', id]),
  );
}
