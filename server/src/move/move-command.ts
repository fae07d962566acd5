import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseNatsAddress } from '../log/log.ts';
import { isPostgresAddress } from '../platform/database/postgres-address.ts';
import { errorText, Refusal } from '../platform/errors.ts';
import { errorLine } from '../platform/log-lines.ts';
import type { MoveProgress } from '../platform/moved-parts.ts';
import { StartRefusal, startRefusedExit } from '../platform/start-refusal.ts';
import { recordMigrations } from '../record-migrations.ts';
import { parseClickhouseAddress } from '../telemetry/telemetry.ts';
import { forgetTenant } from './forget-tenant.ts';
import { movePlatform } from './move.ts';
import { moveBack } from './move-back.ts';
import { shownProgress } from './move-progress.ts';
import { moveTenant, reopenDeparted } from './move-tenant.ts';

const usage = {
  zh: '用法：npm run move -- --from 数据目录 [--records postgres://…] [--telemetry http://…] [--log nats://…] [--check] [--report 报告文件]\n迁回内置引擎：npm run move -- --to 数据目录 --records postgres://… --telemetry http://… --log nats://… [--seal-key 平台的seal.key] [--check]\n一个租户：npm run move -- --from 数据目录 --tenant 租户 --records postgres://… --telemetry http://… [--seal-key 目标的seal.key] [--from-seal-key 源的seal.key] [--check]\n重新启用：npm run move -- --from 数据目录 --tenant 租户 --reopen\n删除已迁出的租户：npm run move -- --from 数据目录 --tenant 租户 --forget',
  en: 'Usage: npm run move -- --from DATA-FOLDER [--records postgres://…] [--telemetry http://…] [--log nats://…] [--check] [--report FILE]\nBack to the embedded engines: npm run move -- --to DATA-FOLDER --records postgres://… --telemetry http://… --log nats://… [--seal-key SEAL.KEY-OF-THE-PLATFORM] [--check]\nOne tenant: npm run move -- --from DATA-FOLDER --tenant TENANT --records postgres://… --telemetry http://… [--seal-key SEAL.KEY-OF-THE-TARGET] [--from-seal-key SEAL.KEY-OF-THE-SOURCE] [--check]\nOpen it again: npm run move -- --from DATA-FOLDER --tenant TENANT --reopen\nRemove one that has moved: npm run move -- --from DATA-FOLDER --tenant TENANT --forget',
};

function readArguments() {
  const text = { type: 'string' } as const;
  try {
    const options = {
      from: text,
      to: text,
      records: text,
      telemetry: text,
      log: text,
      report: text,
      tenant: text,
      'seal-key': text,
      'from-seal-key': text,
      check: { type: 'boolean' },
      reopen: { type: 'boolean' },
      forget: { type: 'boolean' },
    } as const;
    const given = parseArgs({ options }).values;
    return { ...given, ...addressesOf(given) };
  } catch (cause) {
    throw new StartRefusal({ zh: `${errorLine(cause)}\n${usage.zh}`, en: usage.en }, { cause });
  }
}

/** An address holds a password, which everybody on the machine could read in the command: `@FILE` is one of a file. */
function addressesOf({ records, telemetry, log }: Partial<Record<'records' | 'telemetry' | 'log', string>>) {
  const read = (text: string) => (text.startsWith('@') ? readFileSync(text.slice(1), 'utf8').trim() : text);
  return {
    ...(records !== undefined && { records: read(records) }),
    ...(telemetry !== undefined && { telemetry: read(telemetry) }),
    ...(log !== undefined && { log: read(log) }),
  };
}

/** npm run move: a stopped platform's data, or one tenant of it, from the embedded engines to those of a cluster; or back. */
async function main(): Promise<void> {
  const given = readArguments();
  const { from, tenant, records, telemetry, log } = given;
  if (from !== undefined && tenant !== undefined && given.reopen === true) return reopen(resolve(from), tenant);
  if (from !== undefined && tenant !== undefined && given.forget === true) return forget(resolve(from), tenant);
  if (given.to !== undefined && from === undefined && tenant === undefined) return moveHome(given, resolve(given.to));
  if (given.to !== undefined) throw new StartRefusal(usage);
  if (from === undefined || (records === undefined && telemetry === undefined)) throw new StartRefusal(usage);
  refuseAddresses(given);
  if (tenant === undefined) return moveAll({ ...given, from: resolve(from) });
  if (records === undefined || telemetry === undefined || log !== undefined) throw new StartRefusal(usage);
  await moveOne({ ...given, from: resolve(from), tenant, records, telemetry });
}

type Given = ReturnType<typeof readArguments>;

function refuseAddresses({ records, telemetry, log }: Given): void {
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
}

async function moveAll(given: Given & { from: string }): Promise<void> {
  const { from, records, telemetry, log, check = false } = given;
  const file = await reported(given, (progress) =>
    movePlatform({ from, records, telemetry, log, migrations: recordMigrations, check, progress }),
  );
  process.stdout.write(
    `两端数据一致；行数与哈希见 ${file}\nBoth ends hold the same; counts and hashes: ${file}\n` +
      `用以下配置启动平台，数据目录不变（其中的 seal.key、证书与 MQTT 会话不迁移）：\n` +
      `Start the platform with these settings and the same data directory (seal.key, certificates and MQTT sessions stay in it):\n` +
      settingsOf({ LUBAN_DATA: from, LUBAN_RECORDS: records, LUBAN_TELEMETRY: telemetry, LUBAN_LOG: log }),
  );
}

async function moveHome(given: Given, to: string): Promise<void> {
  const { records, telemetry, log, check = false } = given;
  refuseAddresses(given);
  if (records === undefined || telemetry === undefined || log === undefined) throw new StartRefusal(usage);
  const sealKey = given['seal-key'];
  const file = await reported({ ...given, to }, (progress) =>
    moveBack({ to, records, telemetry, log, sealKey, migrations: recordMigrations, check, progress }),
  );
  process.stdout.write(
    `两端数据一致；行数与哈希见 ${file}\nBoth ends hold the same; counts and hashes: ${file}\n` +
      `用以下配置启动平台，不再设置 LUBAN_RECORDS、LUBAN_TELEMETRY、LUBAN_LOG（证书等设置照旧）：\n` +
      `Start the platform with this setting and without LUBAN_RECORDS, LUBAN_TELEMETRY and LUBAN_LOG (certificates and the like as before):\n` +
      settingsOf({ LUBAN_DATA: to, LUBAN_SEAL_KEY_FILE: sealKey }),
  );
}

async function moveOne(given: Given & { from: string; tenant: string; records: string; telemetry: string }) {
  const { from, tenant, records, telemetry, check = false } = given;
  const place = withoutPassword(records);
  let before = false;
  const file = await reported(given, async (progress) => {
    const keys = { sealKey: given['seal-key'], fromSealKey: given['from-seal-key'] };
    const options = { from, tenant, records, telemetry, place, ...keys, check, progress };
    const report = await moveTenant({ ...options, migrations: recordMigrations });
    before = report.records === null;
    return report;
  });
  process.stdout.write(
    before
      ? `该租户此前已迁移并核对；如需再次核对请加 --check\nThis tenant was moved and compared before; --check compares once more\n`
      : `两端数据一致；行数与哈希见 ${file}\nBoth ends hold the same; counts and hashes: ${file}\n`,
  );
  process.stdout.write(
    `启动目标平台的服务器；把该租户的网关与设备指向新平台（密钥不变，未发送的数据照常补传）。源平台保留该租户，只读，不再接收数据；用 --reopen 可重新启用。\n` +
      `Start the target’s servers, and point the tenant’s edges and devices to it: their keys stay, and what they have kept is taken there. The source keeps the tenant to be read, and takes nothing for it any more; --reopen undoes that.\n`,
  );
}

async function reopen(from: string, tenant: string): Promise<void> {
  const opened = await reopenDeparted(from, tenant, recordMigrations);
  process.stdout.write(
    opened
      ? `租户已在源平台重新启用。若目标平台上也已有该租户，两端会各自接收数据\nThe tenant is open at the source again. If it is at the target too, both take samples from now on\n`
      : `该租户并未迁出\nThis tenant had not left\n`,
  );
}

async function forget(from: string, tenant: string): Promise<void> {
  await forgetTenant(from, tenant, recordMigrations);
  process.stdout.write(`源平台已不再保存该租户的数据\nThe source keeps nothing of this tenant any more\n`);
}

/** Does the work with a bar, and writes what it says into the report. Returns that file. */
async function reported(
  { from, to, report, check = false }: Given,
  work: (progress: MoveProgress) => Promise<object>,
): Promise<string> {
  const began = new Date();
  const bar = shownProgress(process.stdout);
  const found = await work(bar).finally(bar.end);
  const file = resolve(report ?? `luban-move-${began.toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
  const times = { began: began.toISOString(), ended: new Date().toISOString() };
  await writeFile(file, `${JSON.stringify({ from, to, check, ...times, ...found }, null, 2)}\n`);
  return file;
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
