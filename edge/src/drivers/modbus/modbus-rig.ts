import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type CollectedDevice, collectedDevice, modbusTcpAddress, newId } from '@luban/contracts';
import type { ConformanceRig } from '../driver-conformance.ts';

/** pymodbus as the device: registers, and commands by line: `set <address> <value>`, `get <address>`. */
const program = `
import asyncio, logging, sys
from pymodbus.server import StartAsyncTcpServer
from pymodbus.datastore import ModbusSlaveContext, ModbusServerContext, ModbusSparseDataBlock
logging.disable()
registers = {0: [65535, 65535, 0x41ac, 0, 0, 0x41ac, 0x4c75, 0x6261, 0x6e00, 0x8001], 10: [0, 0, 1, 0], 20: [0], 40: [7]}
slave = ModbusSlaveContext(di=ModbusSparseDataBlock({0: [1, 0, 1]}), co=ModbusSparseDataBlock({3: [1, 0]}),
  hr=ModbusSparseDataBlock(registers), ir=ModbusSparseDataBlock({5: [1234]}), zero_mode=True)
context = ModbusServerContext(slaves={9: slave}, single=False)
async def commands():
  reader = asyncio.StreamReader()
  await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
  while line := (await reader.readline()).decode().split():
    if line[0] == 'set': slave.setValues(3, int(line[1]), [int(line[2])])
    print(slave.getValues(3, int(line[1]), 1)[0], flush=True)
async def main():
  server = await StartAsyncTcpServer(context=context, address=('127.0.0.1', int(sys.argv[1])), defer_start=True,
    allow_reuse_address=True)
  serving = asyncio.create_task(server.serve_forever())
  while server.server is None or not server.server.sockets: await asyncio.sleep(0.01)
  print(server.server.sockets[0].getsockname()[1], flush=True)
  await commands()
asyncio.run(main())
`;

const addresses = {
  int16: { address: 0, encoding: 'int16' },
  uint16: { address: 1, encoding: 'uint16' },
  float: { address: 2, encoding: 'float32' },
  'float, low word first': { address: 4, encoding: 'float32', wordOrder: 'little' },
  string: { address: 6, encoding: 'string', length: 3 },
  bit: { address: 9, encoding: 'bit', bit: 15 },
  int64: { address: 10, encoding: 'int64' },
  changing: { address: 20, encoding: 'int16' },
  'behind a hole': { address: 40, encoding: 'uint16' },
  input: { area: 'input', address: 5 },
  coil: { area: 'coil', address: 3 },
  discrete: { area: 'discrete', address: 2 },
  wrong: { address: 30 },
} as const;

export async function startModbusRig(): Promise<ConformanceRig> {
  let server = await startServer(0);
  const { port } = server;
  return {
    port,
    timeoutMs: 400,
    device: (through) => modbusDevice(through, addresses),
    expected: {
      int16: -1,
      uint16: 65_535,
      float: 21.5,
      'float, low word first': 21.5,
      string: 'Luban',
      bit: true,
      int64: 65_536,
      changing: 0,
      'behind a hole': 7,
      input: 1234,
      coil: true,
      discrete: true,
    },
    wrong: 'wrong',
    changing: 'changing',
    async change(value) {
      await server.ask(`set 20 ${value}`);
    },
    async held() {
      return Number(await server.ask('get 20'));
    },
    async restart() {
      await server.stop();
      server = await startServer(port);
    },
    stop: () => server.stop(),
  };
}

export function modbusDevice(
  port: number,
  points: Record<string, object>,
  settings: object = { timeoutMs: 400, pollIntervalMs: 50, maxGapRegisters: 30 },
): CollectedDevice & { protocol: 'modbus-tcp' } {
  const device = collectedDevice.parse({
    id: newId('device'),
    name: 'pymodbus',
    simulated: true,
    protocol: 'modbus-tcp',
    settings: { host: '127.0.0.1', port, unitId: 9, ...settings },
    points: Object.entries(points).map(([name, address], i) => ({
      series: i + 1,
      name,
      type: 'number',
      range: null,
      address: { protocol: 'modbus-tcp', ...modbusTcpAddress.parse({ area: 'holding', ...address }) },
    })),
  });
  if (device.protocol !== 'modbus-tcp') throw new TypeError('not a Modbus device');
  return device;
}

async function startServer(port: number) {
  const child = spawn('/usr/bin/python3', ['-c', program, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const next = await lines.next();
    if (next.done) throw new Error('pymodbus has ended');
    return next.value;
  };
  return {
    port: Number(await line()),
    async ask(command: string) {
      child.stdin.write(`${command}\n`);
      return line();
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
