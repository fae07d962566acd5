import { readFileSync } from 'node:fs';
import type { DeviceConnection, Language, TenantId } from '@luban/contracts';
import type { Edges } from '../edges/edges.ts';
import { type createPacks, readPack } from '../packs/packs.ts';
import type { Launcher, PlantPorts } from './launcher.ts';

interface DemoPlantOptions {
  packs: ReturnType<typeof createPacks>;
  edges: Edges;
  launcher: Launcher;
}

const edgeName = { zh: '演示边缘网关', en: 'Demo edge' };
const packFile = new URL('../../../packs/demo-plant.json', import.meta.url);

/** The demo plant: a pack, a simulated plant that speaks real protocols, and an edge that collects from it. */
export async function addDemoPlant(
  { packs, edges, launcher }: DemoPlantOptions,
  owner: { tenant: TenantId; tenantNumber: number; language: Language },
): Promise<void> {
  const ports = await launcher.startPlant();
  const edge = await edges.add(owner.tenant, owner.tenantNumber, edgeName[owner.language]);
  const content = readPack(readFileSync(packFile, 'utf8'));
  await packs.install(owner, content, edge.id, (connection) => connectTo(connection, ports));
  launcher.startEdge((await edges.issueToken(owner.tenant, edge.id)).token);
}

function connectTo(connection: DeviceConnection, { modbusPort, opcuaPort }: PlantPorts): DeviceConnection {
  if (connection.protocol === 'modbus-tcp')
    return { protocol: 'modbus-tcp', settings: { ...connection.settings, host: '127.0.0.1', port: modbusPort } };
  return { protocol: 'opc-ua', settings: { ...connection.settings, endpointUrl: `opc.tcp://127.0.0.1:${opcuaPort}` } };
}
