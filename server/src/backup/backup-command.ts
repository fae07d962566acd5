import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BackupProgress, backupProgress, problem } from '@luban/contracts';
import { JournalError, lockDirectory } from '@luban/journal';
import { errorText, Refusal } from '../platform/errors.ts';
import { operatorDoorPath } from '../platform/http/operator-door.ts';
import { errorLine } from '../platform/log-lines.ts';
import { StartRefusal, startRefusedExit } from '../platform/start-refusal.ts';
import { version } from '../platform/version.ts';
import { checkTarget } from './backup.ts';
import { clearStaging, stageStopped } from './staging.ts';
import { terminalProgress } from './terminal-progress.ts';
import { writeBackup } from './write-backup.ts';

/** npm run backup -- --to DIR [--data DIR]: of the platform that runs on the data directory, or of a stopped one. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { to: { type: 'string' }, data: { type: 'string' } } });
  if (values.to === undefined)
    throw new StartRefusal({
      zh: '用法：npm run backup -- --to 新目录 [--data 数据目录]',
      en: 'Usage: npm run backup -- --to NEW-FOLDER [--data DATA-FOLDER]',
    });
  const directory = resolve(values.data ?? process.env.LUBAN_DATA ?? 'data/platform');
  const to = resolve(values.to);
  if (!existsSync(join(directory, 'version.json')))
    throw new StartRefusal({
      zh: `${directory} 不是平台的数据目录；请用 --data 指定`,
      en: `${directory} is no data directory of a platform: name it with --data`,
    });
  const lock = await lockDirectory(directory).catch((error: unknown) => {
    if (error instanceof JournalError && error.code === 'journal.locked') return null;
    throw error;
  });
  if (lock === null) await ofRunning(directory, to);
  else
    try {
      await ofStopped(directory, to);
    } finally {
      await lock.release();
    }
  process.stdout.write(`备份完成：${to}\nThe backup is done: ${to}\n`);
}

async function ofStopped(directory: string, to: string): Promise<void> {
  checkTarget(to, directory);
  const bar = terminalProgress(process.stdout);
  try {
    const staged = await stageStopped(directory);
    await writeBackup(staged, { to, software: version, running: false, nowMs: Date.now() }, bar.show);
    bar.end();
  } catch (cause) {
    bar.end();
    throw failure(errorLine(cause));
  } finally {
    await clearStaging(directory);
  }
}

/** Asks the platform to make it, and shows how it goes. */
async function ofRunning(directory: string, to: string): Promise<void> {
  const bar = terminalProgress(process.stdout);
  let progress = await ask(directory, 'POST', '/api/v1/backups', { to });
  while (progress.state === 'freezing' || progress.state === 'copying') {
    if (progress.state === 'copying') bar.show(progress);
    await setTimeout(250);
    progress = await ask(directory, 'GET', '/api/v1/backups/newest');
  }
  if (progress.state === 'done') bar.show(progress);
  bar.end();
  if (progress.state !== 'done') throw failure(progress.cause);
}

function failure(cause: string | null): StartRefusal {
  return new StartRefusal({ zh: `备份失败：${cause}`, en: `The backup failed: ${cause}` });
}

function ask(directory: string, method: string, path: string, body?: unknown): Promise<BackupProgress> {
  return new Promise((resolveAnswer, reject) => {
    const headers = { 'x-luban-request': '1', 'content-type': 'application/json' };
    const asked = request({ socketPath: operatorDoorPath(directory), method, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        try {
          if ((answer.statusCode ?? 500) < 300) resolveAnswer(backupProgress.parse(JSON.parse(text)));
          else {
            const told = problem.parse(JSON.parse(text));
            // Not the same sentence twice.
            const more = told.detail !== undefined && told.detail !== told.text.en ? told.detail : null;
            const { zh, en } = told.text;
            reject(new StartRefusal(more === null ? { zh, en } : { zh: `${zh}：${more}`, en: `${en}: ${more}` }));
          }
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    asked.once('error', (cause) =>
      reject(
        new StartRefusal(
          {
            zh: `平台正在运行，但无法连接其运维通道（${directory}/operator/door）：${cause.message}；请以平台的系统用户运行`,
            en: `The platform runs, but its operator’s door cannot be opened (${directory}/operator/door): ${cause.message}. Run this as the platform’s own user`,
          },
          { cause },
        ),
      ),
    );
    asked.end(method === 'GET' ? undefined : JSON.stringify(body));
  });
}

main().catch((error: unknown) => {
  if (error instanceof Refusal) {
    const { zh, en } = errorText(error.code);
    process.stderr.write(`${zh}\n${en}: ${error.message}\n`);
  } else process.stderr.write(`${error instanceof StartRefusal ? error.message : errorLine(error)}\n`);
  process.exit(error instanceof StartRefusal || error instanceof Refusal ? startRefusedExit : 1);
});
