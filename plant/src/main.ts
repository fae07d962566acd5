import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { catalogue } from './catalogue.ts';

const usage = `Simulated machine shop / 模拟工厂
  --catalogue             print the address space as JSON and exit / 输出点表后退出
  --seed <n>              same seed, same values (1) / 随机种子
  --host <address>        (127.0.0.1)
  --modbus-port <n>       0 takes a free one (0) / 0 为任意空闲端口
  --opcua-port <n>        0 takes a free one (0)
  --data <dir>            OPC UA key and certificate / OPC UA 密钥与证书目录
  --speed <n>             simulated seconds a second (1) / 仿真倍速
  --user <name>           OPC UA user besides anonymous; its password in PLANT_PASSWORD / OPC UA 用户，口令取自 PLANT_PASSWORD
`;

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        catalogue: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        host: { type: 'string', default: '127.0.0.1' },
        'modbus-port': { type: 'string', default: '0' },
        'opcua-port': { type: 'string', default: '0' },
        data: { type: 'string', default: join(tmpdir(), 'luban-plant') },
        speed: { type: 'string', default: '1' },
        user: { type: 'string' },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const options = readOptions();

function numberOf(name: 'seed' | 'modbus-port' | 'opcua-port' | 'speed', most: number): number {
  const value = Number(options[name]);
  return value >= 0 && value <= most ? value : fail(`--${name} must be a number from 0 to ${most}`);
}

if (options.help) {
  process.stdout.write(usage);
} else if (options.catalogue) {
  process.stdout.write(`${JSON.stringify(catalogue, null, 2)}\n`);
} else {
  const password = process.env.PLANT_PASSWORD;
  if (options.user !== undefined && !password) fail('--user needs its password in PLANT_PASSWORD');
  const settings = {
    seed: numberOf('seed', Number.MAX_SAFE_INTEGER),
    host: options.host,
    modbusPort: numberOf('modbus-port', 65535),
    opcuaPort: numberOf('opcua-port', 65535),
    dataDirectory: options.data,
    speed: numberOf('speed', 1000),
    ...(options.user !== undefined && password && { user: { name: options.user, password } }),
  };
  // The OPC UA stack logs by console.log, and stdout belongs to the line that says ready.
  console.log = console.error;
  // The OPC UA stack takes two seconds to load, which printing the catalogue does not have to wait for.
  const { createPlant } = await import('./plant.ts');
  const plant = createPlant(settings);
  let stopping = false;
  // `disconnect`: whoever started the plant with a message channel is gone.
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      plant.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
  }
  const ports = await plant.start();
  process.stdout.write(`${JSON.stringify({ ready: true, ...ports })}\n`);
}
