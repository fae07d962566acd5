import './quiet-opcua.ts';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { DataType, DataValue, MessageSecurityMode, SecurityPolicy, StatusCodes, Variant } from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';
import type { MachineDescription, OpcUaAddress, PointDescription } from '../machine-description.ts';
import { nodePath, type RunningMachine } from '../machine-kind.ts';
import { engineeringUnits } from './unece-units.ts';

const NAMESPACE_URI = 'urn:luban:plant';

export interface OpcUaServerOptions {
  catalogue: readonly MachineDescription[];
  machines: ReadonlyMap<string, RunningMachine>;
  /** Browse name of the object type of each kind. */
  typeNames: ReadonlyMap<string, string>;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Keeps the server's key and certificate and those of its clients. */
  dataDirectory: string;
  /** Who may log in besides anonymous; nobody when absent. */
  user?: { name: string; password: string };
}

type OwnNamespace = ReturnType<NonNullable<OPCUAServer['engine']['addressSpace']>['getOwnNamespace']>;
type Parent = ReturnType<OwnNamespace['addObject']>;

/** The library puts the port that it was given into its endpoint addresses, so 0 has to be settled before. */
async function freePort(host: string): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function addPoint(
  namespace: OwnNamespace,
  parent: Parent,
  point: PointDescription,
  at: OpcUaAddress,
  machine: RunningMachine,
) {
  const dataType = DataType[at.dataType];
  const browseName = nodePath(point.id).split('.').at(-1) ?? point.id;
  const wholeNumbers = dataType !== DataType.Double && dataType !== DataType.Float;
  const value = () => {
    const now = machine.read(point.id);
    return new Variant({ dataType, value: typeof now === 'number' && wholeNumbers ? Math.round(now) : now });
  };
  const options: Parameters<OwnNamespace['addVariable']>[0] = {
    browseName: { name: browseName, namespaceIndex: namespace.index },
    nodeId: at.nodeId,
    displayName: [
      { text: point.name.en, locale: 'en' },
      { text: point.name.zh, locale: 'zh' },
    ],
    componentOf: parent,
    dataType: at.dataType,
    minimumSamplingInterval: 100,
    accessLevel: point.writable ? 'CurrentRead | CurrentWrite' : 'CurrentRead',
    userAccessLevel: point.writable ? 'CurrentRead | CurrentWrite' : 'CurrentRead',
    value: {
      timestamped_get: () =>
        new DataValue({ value: value(), sourceTimestamp: new Date(), statusCode: StatusCodes.Good }),
      ...(point.writable && {
        timestamped_set: async (written: DataValue) =>
          machine.write(point.id, written.value.value) ? StatusCodes.Good : StatusCodes.BadOutOfRange,
      }),
    },
  };
  if (point.unit === null || !point.range) {
    const variable = namespace.addVariable(options);
    if (point.unit === null) return;
    namespace.addVariable({
      browseName: 'EngineeringUnits',
      propertyOf: variable,
      dataType: 'EUInformation',
      value: {
        dataType: DataType.ExtensionObject,
        value: variable.addressSpace.constructExtensionObject(
          variable.addressSpace.findDataType('EUInformation') as never,
          engineeringUnits(point.unit),
        ),
      },
    });
    return;
  }
  namespace.addAnalogDataItem({
    ...options,
    engineeringUnitsRange: { low: point.range[0], high: point.range[1] },
    engineeringUnits: engineeringUnits(point.unit),
  } as Parameters<OwnNamespace['addAnalogDataItem']>[0]);
}

/** Objects → area → machine → group (`Spindle`) → point (`Speed`). */
function buildAddressSpace(server: OPCUAServer, { catalogue, machines, typeNames }: OpcUaServerOptions): void {
  const { addressSpace } = server.engine;
  if (!addressSpace) throw new Error('the OPC UA server has no address space after it was initialised');
  const namespace = addressSpace.getOwnNamespace();
  const known = new Map<string, Parent>();
  const once = (key: string, make: () => Parent): Parent => {
    const node = known.get(key) ?? make();
    known.set(key, node);
    return node;
  };
  for (const description of catalogue) {
    const machine = machines.get(description.id);
    if (description.protocol !== 'opcua' || !machine) continue;
    const typeName = typeNames.get(description.kind) ?? description.kind;
    const type =
      namespace.findObjectType(typeName) ??
      namespace.addObjectType({ browseName: typeName, nodeId: `s=${typeName}`, subtypeOf: 'BaseObjectType' });
    const area = once(description.area.id, () =>
      namespace.addFolder(addressSpace.rootFolder.objects, {
        browseName: description.area.en,
        nodeId: `s=${description.area.id}`,
        displayName: [
          { text: description.area.en, locale: 'en' },
          { text: description.area.zh, locale: 'zh' },
        ],
      }),
    );
    const device = namespace.addObject({
      browseName: description.id,
      nodeId: `s=${description.id}`,
      displayName: [
        { text: description.name.en, locale: 'en' },
        { text: description.name.zh, locale: 'zh' },
      ],
      organizedBy: area,
      typeDefinition: type,
    });
    for (const point of description.points) {
      let parent = device;
      let path = description.id;
      for (const group of nodePath(point.id).split('.').slice(0, -1)) {
        path += `.${group}`;
        const owner = parent;
        const nodeId = `s=${path}`;
        parent = once(path, () => namespace.addObject({ browseName: group, nodeId, componentOf: owner }));
      }
      if (point.opcua) addPoint(namespace, parent, point, point.opcua, machine);
    }
  }
}

/** OPC UA server of all machines that speak it; loads the standard nodeset only. */
export function createOpcUaServer(options: OpcUaServerOptions) {
  const { host, dataDirectory, user } = options;
  let server: OPCUAServer | undefined;
  return {
    /** Listens and returns the port. */
    async start(): Promise<number> {
      const port = options.port === 0 ? await freePort(host) : options.port;
      const certificates = (name: string) =>
        new OPCUACertificateManager({
          rootFolder: join(dataDirectory, name),
          automaticallyAcceptUnknownCertificate: true,
          disableFileWatchers: true,
        });
      server = new OPCUAServer({
        host,
        hostname: host,
        port,
        securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
        securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
        allowAnonymous: true,
        disableDiscovery: true,
        serverCertificateManager: certificates('pki'),
        userCertificateManager: certificates('user-pki'),
        serverInfo: {
          applicationUri: NAMESPACE_URI,
          productUri: NAMESPACE_URI,
          applicationName: { text: 'Luban plant' },
        },
        buildInfo: { productName: 'Luban plant', productUri: NAMESPACE_URI, manufacturerName: 'Luban' },
        userManager: {
          isValidUser: (name: string, password: string) =>
            user !== undefined && name === user.name && password === user.password,
        },
      });
      await server.initialize();
      buildAddressSpace(server, options);
      await server.start();
      return port;
    },
    async stop(): Promise<void> {
      await server?.shutdown(0);
      server = undefined;
    },
  };
}
