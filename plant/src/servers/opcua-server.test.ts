import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import {
  AttributeIds,
  type ClientSession,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue } from '../catalogue.ts';
import { createPlant, type Plant } from '../plant.ts';

let directory: string;
let plant: Plant;
let endpoint: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plant-'));
  plant = createPlant({
    seed: 3,
    dataDirectory: join(directory, 'plant'),
    speed: 0,
    user: { name: 'operator', password: 'a long pass phrase' },
  });
  plant.advance(5000);
  endpoint = `opc.tcp://127.0.0.1:${(await plant.start()).opcuaPort}`;
}, 60_000);

afterAll(async () => {
  await plant.stop();
  await rm(directory, { recursive: true, force: true });
});

const anonymous: UserIdentityInfo = { type: UserTokenType.Anonymous };
const operator = (password: string): UserIdentityInfo => ({
  type: UserTokenType.UserName,
  userName: 'operator',
  password,
});

async function connected<T>(
  secure: boolean,
  identity: UserIdentityInfo,
  use: (session: ClientSession) => Promise<T>,
): Promise<T> {
  const client = OPCUAClient.create({
    endpointMustExist: false,
    securityMode: secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
    securityPolicy: secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
    connectionStrategy: { maxRetry: 0 },
    clientCertificateManager: new OPCUACertificateManager({
      rootFolder: join(directory, 'client'),
      automaticallyAcceptUnknownCertificate: true,
      disableFileWatchers: true,
    }),
  });
  await client.connect(endpoint);
  try {
    const session = await client.createSession(identity);
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  } finally {
    await client.disconnect();
  }
}

/** Browse paths of everything below a node that is in the plant's own namespace. */
async function browseAll(session: ClientSession, nodeId: string): Promise<string[]> {
  const { references } = await session.browse({
    nodeId,
    referenceTypeId: 'HierarchicalReferences',
    includeSubtypes: true,
    resultMask: 63,
  });
  const own = (references ?? []).filter((reference) => reference.nodeId.namespace === 1);
  const below = await Promise.all(own.map((reference) => browseAll(session, reference.nodeId.toString())));
  return [...own.map((reference) => reference.nodeId.toString()), ...below.flat()];
}

const points = catalogue.flatMap(({ id, points }) =>
  points.flatMap((point) => (point.opcua ? [{ id, point, nodeId: point.opcua.nodeId }] : [])),
);

test('a client that browses from Objects finds every node of the catalogue', async () => {
  const nodes = new Set(await connected(false, anonymous, (session) => browseAll(session, 'ns=0;i=85')));
  expect(points.filter(({ nodeId }) => !nodes.has(nodeId))).toEqual([]);
}, 60_000);

test('values read over Basic256Sha256 as the user are those of the machines', async () => {
  const values = await connected(true, operator('a long pass phrase'), (session) =>
    session.read(points.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value }))),
  );
  points.forEach(({ id, point, nodeId }, i) => {
    const truth = plant.machines.get(id)?.read(point.id);
    const read = values[i];
    expect(read?.statusCode.name, nodeId).toBe('Good');
    if (typeof truth !== 'number') expect(read?.value.value, nodeId).toBe(truth);
    else {
      const resolution = /Int/.test(point.opcua?.dataType ?? '') ? 0.5 : Math.abs(truth) * 1e-6;
      expect(Math.abs(read?.value.value - truth), nodeId).toBeLessThanOrEqual(resolution);
    }
  });
}, 60_000);

test('a wrong password is refused', async () => {
  await expect(connected(true, operator('guessed'), async () => 'in')).rejects.toThrow(
    /BadUserAccessDenied|BadIdentityTokenRejected/,
  );
}, 60_000);

test('analog points carry range and UNECE unit', async () => {
  const [range, unit] = await connected(true, anonymous, async (session) => {
    const property = async (name: string) => {
      const { references } = await session.browse({
        nodeId: 'ns=1;s=CNC-04.Spindle.Speed',
        referenceTypeId: 'HasProperty',
        resultMask: 63,
      });
      const nodeId = references?.find((reference) => reference.browseName.name === name)?.nodeId;
      if (!nodeId) throw new Error(`no property ${name}`);
      return (await session.read({ nodeId, attributeId: AttributeIds.Value })).value.value;
    };
    return Promise.all([property('EURange'), property('EngineeringUnits')]);
  });
  expect(range).toMatchObject({ low: 0, high: 14400 });
  // "RPM" as UNECE has it: 0x52504D.
  expect(unit.unitId).toBe(0x52504d);
}, 60_000);

test('a set point is written within its range and refused outside it', async () => {
  const write = (value: number) =>
    connected(false, anonymous, (session) =>
      session.write({
        nodeId: 'ns=1;s=ROB-01.Speed.Override',
        attributeId: AttributeIds.Value,
        value: { value: { dataType: 'UInt16', value } },
      } as never),
    );
  expect((await write(40)).name).toBe('Good');
  expect(plant.machines.get('ROB-01')?.read('speed.override')).toBe(40);
  expect((await write(400)).name).toBe('BadOutOfRange');
  expect(plant.machines.get('ROB-01')?.read('speed.override')).toBe(40);
}, 60_000);
