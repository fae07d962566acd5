import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue } from '../catalogue.ts';
import { createPlant, type Plant } from '../plant.ts';

/** pymodbus, an implementation that shares nothing with ours, reads every point at its address. */
const READ_ALL = `
import json, sys
from pymodbus.client import ModbusTcpClient
from pymodbus.constants import Endian
from pymodbus.payload import BinaryPayloadDecoder
port, machines = int(sys.argv[1]), json.loads(sys.stdin.read())
client = ModbusTcpClient('127.0.0.1', port=port)
assert client.connect()
read = {'holding': client.read_holding_registers, 'input': client.read_input_registers,
        'coil': client.read_coils, 'discrete': client.read_discrete_inputs}
decode = {'int16': 'decode_16bit_int', 'uint16': 'decode_16bit_uint', 'int32': 'decode_32bit_int',
          'uint32': 'decode_32bit_uint', 'float32': 'decode_32bit_float'}
values = {}
for machine in machines:
    for point in machine['points']:
        at = point['modbus']
        encoding = at.get('encoding')
        count = 2 if encoding and encoding.endswith('32') else 1
        answer = read[at['area']](at['address'], count, slave=machine['unitId'])
        key = machine['id'] + '/' + point['id']
        if answer.isError():
            values[key] = str(answer)
        elif encoding is None:
            values[key] = bool(answer.bits[0])
        else:
            order = Endian.Little if at.get('wordOrder') == 'little' else Endian.Big
            decoder = BinaryPayloadDecoder.fromRegisters(answer.registers, byteorder=Endian.Big, wordorder=order)
            values[key] = getattr(decoder, decode[encoding])() * at.get('scale', 1)
client.close()
print(json.dumps(values))
`;

const POKE = `
import json, sys
from pymodbus.client import ModbusTcpClient
client = ModbusTcpClient('127.0.0.1', port=int(sys.argv[1]))
assert client.connect()
code = lambda answer: answer.exception_code if answer.isError() else None
print(json.dumps({
  'gap': code(client.read_input_registers(3, 1, slave=1)),
  'acrossGap': code(client.read_input_registers(0, 10, slave=1)),
  'noUnit': code(client.read_input_registers(0, 1, slave=99)),
  'readOnly': code(client.write_register(500, 3, slave=21)),
  'outOfRange': code(client.write_register(0, 500, slave=1)),
  'written': code(client.write_register(0, 80, slave=1)),
  'writtenMany': code(client.write_registers(100, [680, 810], slave=11)),
  'coil': code(client.write_coil(10, False, slave=11)),
  'block': client.read_input_registers(10, 3, slave=1).registers,
}))
client.close()
`;

let directory: string;
let plant: Plant;
let port: number;

function python(script: string, stdin = ''): Promise<unknown> {
  const running = promisify(execFile)('/usr/bin/python3', ['-c', script, String(port)], { maxBuffer: 1e7 });
  running.child.stdin?.end(stdin);
  return running.then(({ stdout }) => JSON.parse(stdout));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plant-'));
  plant = createPlant({
    seed: 3,
    dataDirectory: directory,
    speed: 0,
  });
  plant.advance(5000);
  port = (await plant.start()).modbusPort;
}, 60_000);

afterAll(async () => {
  await plant.stop();
  await rm(directory, { recursive: true, force: true });
});

test('pymodbus reads every point as the catalogue describes it', async () => {
  const machines = catalogue.filter(({ protocol }) => protocol === 'modbus');
  const read = (await python(READ_ALL, JSON.stringify(machines))) as Record<string, number | boolean | string>;
  let compared = 0;
  for (const { id, points } of machines) {
    for (const point of points) {
      const key = `${id}/${point.id}`;
      const truth = plant.machines.get(id)?.read(point.id);
      const place = point.modbus;
      if (typeof truth !== 'number' || !place || !('encoding' in place)) expect(read[key], key).toBe(truth);
      else {
        const resolution = place.encoding === 'float32' ? Math.abs(truth) * 1e-6 : (place.scale ?? 1) * 0.5001;
        expect(Math.abs(Number(read[key]) - truth), `${key}: ${read[key]} for ${truth}`).toBeLessThanOrEqual(
          resolution,
        );
      }
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(180);
}, 60_000);

test('gaps, unknown units and forbidden writes answer with their exception, and set points are taken', async () => {
  const answers = (await python(POKE)) as Record<string, unknown>;
  expect(answers).toMatchObject({
    gap: 2,
    acrossGap: 2,
    noUnit: 11,
    readOnly: 2,
    outOfRange: 3,
    written: null,
    writtenMany: null,
    coil: null,
  });
  expect(answers.block).toHaveLength(3);
  expect(plant.machines.get('CNC-01')?.read('spindle.override')).toBe(80);
  expect(plant.machines.get('COMP-01')?.read('setpoint.load')).toBeCloseTo(6.8, 6);
  expect(plant.machines.get('COMP-01')?.read('setpoint.unload')).toBeCloseTo(8.1, 6);
  expect(plant.machines.get('COMP-01')?.read('dryer.on')).toBe(false);
}, 60_000);
