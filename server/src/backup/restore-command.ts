import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { errorLine } from '../platform/log-lines.ts';
import { StartRefusal, startRefusedExit } from '../platform/start-refusal.ts';
import { restoreBackup } from './restore.ts';
import { terminalProgress } from './terminal-progress.ts';

/** npm run restore -- --from DIR --data DIR: makes a new data directory of a backup. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { from: { type: 'string' }, data: { type: 'string' } } });
  if (values.from === undefined || values.data === undefined)
    throw new StartRefusal({
      zh: '用法：npm run restore -- --from 备份目录 --data 新的数据目录',
      en: 'Usage: npm run restore -- --from BACKUP-FOLDER --data NEW-DATA-FOLDER',
    });
  const bar = terminalProgress(process.stdout);
  const { counts, createdAt } = await restoreBackup(resolve(values.from), resolve(values.data), bar.show);
  bar.end();
  process.stdout.write(
    `已恢复 ${createdAt} 的备份（${counts.files} 个文件，校验通过）；以 LUBAN_DATA=${values.data} 启动平台\n` +
      `Restored the backup of ${createdAt} (${counts.files} files, all checked); start the platform with LUBAN_DATA=${values.data}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof StartRefusal ? error.message : errorLine(error)}\n`);
  process.exit(error instanceof StartRefusal ? startRefusedExit : 1);
});
