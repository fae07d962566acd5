import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseNatsAddress } from '../log/log.ts';
import { isPostgresAddress } from '../platform/database/postgres-address.ts';
import { errorText, Refusal } from '../platform/errors.ts';
import { errorLine } from '../platform/log-lines.ts';
import { StartRefusal, startRefusedExit } from '../platform/start-refusal.ts';
import { recordMigrations } from '../record-migrations.ts';
import { parseClickhouseAddress } from '../telemetry/telemetry.ts';
import { movePlatform } from './move.ts';
import { shownProgress } from './move-progress.ts';

const usage = {
  zh: '用法：npm run move -- --from 数据目录 [--records postgres://…] [--telemetry http://…] [--log nats://…] [--check] [--report 报告文件]',
  en: 'Usage: npm run move -- --from DATA-FOLDER [--records postgres://…] [--telemetry http://…] [--log nats://…] [--check] [--report FILE]',
};

function readArguments() {
  const text = { type: 'string' } as const;
  try {
    const options = {
      from: text,
      records: text,
      telemetry: text,
      log: text,
      report: text,
      check: { type: 'boolean' },
    } as const;
    return parseArgs({ options }).values;
  } catch (cause) {
    throw new StartRefusal({ zh: `${errorLine(cause)}\n${usage.zh}`, en: usage.en }, { cause });
  }
}

/** npm run move: a stopped platform's data from the embedded engines to those of a cluster. */
async function main(): Promise<void> {
  const { from, records, telemetry, log, report: reportFile, check = false } = readArguments();
  if (from === undefined || (records === undefined && telemetry === undefined)) throw new StartRefusal(usage);
  if (records !== undefined && !isPostgresAddress(records))
    throw new StartRefusal({
      zh: '--records 应形如 postgres://user:password@host:5432/database',
      en: '--records must look like postgres://user:password@host:5432/database',
    });
  if (telemetry !== undefined && parseClickhouseAddress(telemetry) === null)
    throw new StartRefusal({
      zh: '--telemetry 应形如 http://user:password@host:8123/database',
      en: '--telemetry must look like http://user:password@host:8123/database',
    });
  if (log !== undefined && parseNatsAddress(log) === null)
    throw new StartRefusal({
      zh: '--log 应形如 nats://user:password@a:4222,b:4222,c:4222',
      en: '--log must look like nats://user:password@a:4222,b:4222,c:4222',
    });
  if (log !== undefined && records === undefined)
    throw new StartRefusal({
      zh: '--log 需要同时指定 --records：账目在日志中的位置保存在记录里',
      en: '--log needs --records: up to where the log is counted stands in the records',
    });
  const began = new Date();
  const bar = shownProgress(process.stdout);
  const report = await movePlatform({
    from: resolve(from),
    records,
    telemetry,
    log,
    migrations: recordMigrations,
    check,
    progress: bar,
  }).finally(bar.end);
  const file = resolve(reportFile ?? `luban-move-${began.toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
  const times = { began: began.toISOString(), ended: new Date().toISOString() };
  await writeFile(file, `${JSON.stringify({ from: resolve(from), check, ...times, ...report }, null, 2)}\n`);
  process.stdout.write(
    `两端数据一致；行数与哈希见 ${file}\nBoth ends hold the same; counts and hashes: ${file}\n` +
      `用以下配置启动平台，数据目录不变（其中的 seal.key、access-token.key、证书与 MQTT 会话不迁移）：\n` +
      `Start the platform with these settings and the same data directory (seal.key, access-token.key, certificates and MQTT sessions stay in it):\n` +
      settingsOf({ LUBAN_DATA: resolve(from), LUBAN_RECORDS: records, LUBAN_TELEMETRY: telemetry, LUBAN_LOG: log }),
  );
}

function settingsOf(settings: Record<string, string | undefined>): string {
  const set = Object.entries(settings).filter((each): each is [string, string] => each[1] !== undefined);
  return set.map(([name, value]) => `  ${name}=${withoutPassword(value)}\n`).join('');
}

/** The terminal and its history are no place for passwords. */
function withoutPassword(address: string): string {
  return address.replace(/^(\w+:\/\/[^:@/]+):[^@]*@/, '$1:…@');
}

main().catch((error: unknown) => {
  if (error instanceof Refusal) {
    const { zh, en } = errorText(error.code);
    process.stderr.write(`${zh}\n${en}: ${errorLine(error)}\n`);
  } else if (error instanceof StartRefusal) process.stderr.write(`${error.message}\n`);
  else
    process.stderr.write(
      `迁移未完成，排除原因后再次运行同一条命令即可继续：${errorLine(error)}\n` +
        `The move is not finished. Once the cause is mended the same command goes on where it was: ${errorLine(error)}\n`,
    );
  process.exit(error instanceof StartRefusal || error instanceof Refusal ? startRefusedExit : 1);
});
