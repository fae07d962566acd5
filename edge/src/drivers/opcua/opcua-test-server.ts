import { createRequire } from 'node:module';
import type * as Client from 'node-opcua-client';
import type * as Server from 'node-opcua-server';

/**
 * node-opcua-server in a process of its own, for tests: `opcua-test-server.ts <port> <directory>`. Messages set and get
 * values; it sends `{ ready: true }` and an answer to each message.
 */
const fromHere = createRequire(import.meta.url);
const fromServer = createRequire(fromHere.resolve('node-opcua-server'));
(fromServer('node-opcua-debug') as { setLogLevel(level: number): void }).setLogLevel(-1);
const { OPCUAServer } = fromHere('node-opcua-server') as typeof Server;
const { Variant, DataType, VariantArrayType, StatusCodes, DataValue } = fromHere('node-opcua-client') as typeof Client;
const { makeEUInformation } = fromServer('node-opcua-data-access') as {
  makeEUInformation(symbol: string, short: string, long: string): object;
};
const { OPCUACertificateManager } = fromServer('node-opcua-certificate-manager') as {
  OPCUACertificateManager: new (options: object) => NonNullable<Server.OPCUAServerOptions['userCertificateManager']>;
};

const [port, directory] = process.argv.slice(2);
const certificates = new OPCUACertificateManager({
  rootFolder: directory,
  automaticallyAcceptUnknownCertificate: true,
});
await certificates.initialize();
const server = new OPCUAServer({
  port: Number(port),
  hostname: '127.0.0.1',
  serverCertificateManager: certificates,
  userCertificateManager: certificates,
  allowAnonymous: true,
  userManager: { isValidUser: (name: string, password: string) => name === 'luban' && password === 'secret' },
});
await server.initialize();
const space = server.engine.addressSpace;
if (!space) throw new Error('no address space');
const own = space.getOwnNamespace();
const machine = own.addObject({ organizedBy: space.rootFolder.objects, browseName: 'Machine', nodeId: 's=Machine' });

const add = (name: string, dataType: Client.DataType, value: unknown) =>
  own.addVariable({
    componentOf: machine,
    browseName: name,
    nodeId: `s=${name}`,
    dataType: DataType[dataType],
    minimumSamplingInterval: 10,
    value: new Variant({ dataType, arrayType: VariantArrayType.Scalar, value }),
  });

add('boolean', DataType.Boolean, true);
add('double', DataType.Double, 21.5);
add('int64', DataType.Int64, [0, 65_536]);
add('uint64', DataType.UInt64, [0xffff_ffff, 0xffff_ffff]);
add('string', DataType.String, '鲁班');
add('date', DataType.DateTime, new Date('2024-02-29T12:00:00.000Z'));
add('localized', DataType.LocalizedText, { locale: 'zh', text: '主轴' });
own.addVariable({
  componentOf: machine,
  browseName: 'array',
  nodeId: 's=array',
  dataType: 'Int32',
  valueRank: 1,
  value: new Variant({ dataType: DataType.Int32, arrayType: VariantArrayType.Array, value: new Int32Array([1, 2, 3]) }),
});
own
  .addVariable({
    componentOf: machine,
    browseName: 'sensor',
    nodeId: 's=sensor',
    dataType: 'Double',
    minimumSamplingInterval: 10,
  })
  .setValueFromSource({ dataType: DataType.Double, value: 1 }, StatusCodes.BadSensorFailure);
own
  .addVariable({
    componentOf: machine,
    browseName: 'uncertain',
    nodeId: 's=uncertain',
    dataType: 'Double',
    minimumSamplingInterval: 10,
  })
  .setValueFromSource({ dataType: DataType.Double, value: 2 }, StatusCodes.UncertainLastUsableValue);
own.addAnalogDataItem({
  componentOf: machine,
  browseName: 'temperature',
  nodeId: 's=temperature',
  dataType: 'Double',
  engineeringUnits: makeEUInformation('CEL', '°C', 'degree Celsius') as never,
  engineeringUnitsRange: { low: 0, high: 100 },
  value: new Variant({ dataType: DataType.Double, value: 36.6 }),
});
// 2024-02-29T12:00:00.123456Z
own.addVariable({
  componentOf: machine,
  browseName: 'precise',
  nodeId: 's=precise',
  dataType: 'Double',
  minimumSamplingInterval: 10,
  value: {
    timestamped_get: () =>
      new DataValue({
        value: { dataType: DataType.Double, value: 1 },
        sourceTimestamp: new Date('2024-02-29T12:00:00.123Z'),
        sourcePicoseconds: 456_000_000,
      }),
  },
});
const changing = add('changing', DataType.Int32, 0);
const burst = add('burst', DataType.Int32, 0);

process.on('message', (message: { set?: number; burst?: number; everyMs?: number; forget?: boolean }) => {
  if (message.forget)
    for (const session of [...server.engine.getSessions()])
      server.engine.closeSession(session.authenticationToken, true, 'Forcing');
  if (message.set !== undefined) changing.setValueFromSource({ dataType: DataType.Int32, value: message.set });
  for (let i = 1; i <= (message.burst ?? 0); i++)
    setTimeout(() => burst.setValueFromSource({ dataType: DataType.Int32, value: i }), i * (message.everyMs ?? 150));
  process.send?.({ value: changing.readValue().value.value as number });
});
process.on('disconnect', () => process.exit());
await server.start();
process.send?.({ ready: true });
