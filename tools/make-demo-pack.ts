/**
 * Makes `packs/demo-plant.json` from what the simulated plant says of its own address space:
 * `npx tsx plant/src/main.ts --catalogue | npx tsx tools/make-demo-pack.ts > packs/demo-plant.json`
 */
import { readFileSync } from 'node:fs';
import type { MachineDescription, PointDescription } from '../plant/src/machine-description.ts';

const machines: MachineDescription[] = JSON.parse(readFileSync(0, 'utf8'));
/** Silence of 20 seconds is a fault: short, so that a demonstration shows it. */
const maxIntervalMs = 10_000;

/** Where a machine's own name says where it stands rather than what it is. */
const kindNames: Record<string, MachineDescription['name']> = {
  'energy-meter': { zh: '三相电表', en: 'Three-phase energy meter' },
};

function propertyOf({ id, name, type, unit, range }: PointDescription) {
  return { key: id, name, type, unit, range: range ?? null, decimals: null };
}

const models: { key: string; name: MachineDescription['name']; properties: object[] }[] = [];
const modelKeys = new Map<string, string>();
for (const machine of machines) {
  const properties = machine.points.map(propertyOf);
  const shape = JSON.stringify(properties);
  if (modelKeys.has(shape)) continue;
  const taken = models.some(({ key }) => key === machine.kind);
  const key = taken ? `${machine.kind}-${machine.protocol}` : machine.kind;
  const kindName = kindNames[machine.kind] ?? {
    zh: machine.name.zh.replace(/^\d+ ?号/, '').trim(),
    en: machine.name.en.replace(/ \d+$/, ''),
  };
  models.push({
    key,
    name: taken ? { zh: `${kindName.zh}（OPC UA）`, en: `${kindName.en} (OPC UA)` } : kindName,
    properties,
  });
  modelKeys.set(shape, key);
}

const sites: object[] = [
  { key: 'shop', parent: null, level: 'site', name: { zh: '模拟机加工厂', en: 'Simulated machine shop' } },
];
const seen = new Set<string>();
for (const { area, line } of machines) {
  for (const { place, parent, level } of [
    { place: area, parent: 'shop', level: 'area' },
    { place: line, parent: area.id, level: 'line' },
  ]) {
    if (seen.has(place.id)) continue;
    seen.add(place.id);
    sites.push({ key: place.id, parent, level, name: { zh: place.zh, en: place.en } });
  }
}

const devices: object[] = machines
  .filter(({ protocol }) => protocol === 'modbus')
  .map(({ id, name, unitId }) => ({
    key: id,
    name: { zh: `${name.zh} Modbus`, en: `${name.en} Modbus` },
    simulated: true,
    protocol: 'modbus-tcp',
    settings: { host: '127.0.0.1', port: 502, unitId },
  }));
devices.push({
  key: 'opcua',
  name: { zh: '车间 OPC UA 服务器', en: 'Shop-floor OPC UA server' },
  simulated: true,
  protocol: 'opc-ua',
  settings: { endpointUrl: 'opc.tcp://127.0.0.1:4840', security: 'Basic256Sha256', messageMode: 'SignAndEncrypt' },
});

const things = machines.map((machine) => ({
  key: machine.id,
  name: machine.name,
  model: modelKeys.get(JSON.stringify(machine.points.map(propertyOf))),
  site: machine.line.id,
  bindings: machine.points.map((point) => bindingOf(machine, point)),
}));

function bindingOf(machine: MachineDescription, { id, modbus, opcua }: PointDescription) {
  if (modbus === undefined)
    return { device: 'opcua', property: id, address: { protocol: 'opc-ua', nodeId: opcua?.nodeId }, maxIntervalMs };
  if (modbus.area === 'coil' || modbus.area === 'discrete')
    return {
      device: machine.id,
      property: id,
      address: { protocol: 'modbus-tcp', ...modbus, encoding: 'bit' },
      maxIntervalMs,
    };
  const { scale = 1, ...address } = modbus as Extract<typeof modbus, { encoding: unknown }>;
  return { device: machine.id, property: id, address: { protocol: 'modbus-tcp', ...address }, scale, maxIntervalMs };
}

const pack = { key: 'demo-plant', name: { zh: '演示工厂', en: 'Demo plant' }, models, sites, devices, things };
process.stdout.write(`${JSON.stringify(pack, null, 1)}\n`);
