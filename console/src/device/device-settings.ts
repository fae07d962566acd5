import { type Device, modbusTcpSettings, opcUaSettings, type Protocol } from '@luban/contracts';

/** A device as a form holds it; a field of the other protocol is simply not looked at. */
export interface DeviceFields {
  name: string;
  protocol: Protocol;
  simulated: boolean;
  host?: string;
  port?: number;
  unitId?: number;
  pollIntervalMs?: number;
  timeoutMs?: number;
  maxGapRegisters?: number;
  maxRegistersPerRead?: number;
  endpointUrl?: string;
  security?: 'None' | 'Basic256Sha256';
  messageMode?: 'Sign' | 'SignAndEncrypt';
  userName?: string;
  password?: string;
  serverThumbprint?: string;
  samplingIntervalMs?: number;
  publishingIntervalMs?: number;
}

const { host: _, ...modbusDefaults } = modbusTcpSettings.parse({ host: 'unused' });
const {
  endpointUrl: __,
  user: ___,
  serverThumbprint: ____,
  ...opcUaDefaults
} = opcUaSettings.parse({
  endpointUrl: 'opc.tcp://unused',
});
/** What each protocol starts with. */
export const fieldDefaults: Record<Protocol, Partial<DeviceFields>> = {
  'modbus-tcp': modbusDefaults,
  'opc-ua': opcUaDefaults,
};

export function fieldsOf(device: Device): DeviceFields {
  const { name, protocol, simulated } = device;
  if (device.protocol === 'modbus-tcp') return { name, protocol, simulated, ...device.settings };
  const { user, serverThumbprint, ...settings } = device.settings;
  return {
    name,
    protocol,
    simulated,
    ...settings,
    userName: user?.name ?? '',
    password: '',
    serverThumbprint: serverThumbprint ?? '',
  };
}

/** What the API takes. Without a user name the device is read anonymously; an emptied number takes its default. */
export function deviceBody(fields: DeviceFields, edge: string, enabled: boolean): object {
  const { name, protocol, simulated } = fields;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
  const userName = fields.userName?.trim() ?? '';
  const settings =
    protocol === 'modbus-tcp'
      ? modbusTcpSettings.parse(given)
      : opcUaSettings.parse({
          ...given,
          endpointUrl: fields.endpointUrl?.trim(),
          user: userName === '' ? null : { name: userName, password: fields.password ?? '' },
          serverThumbprint: fields.serverThumbprint?.trim() || null,
        });
  return { name: name.trim(), edge, enabled, simulated, protocol, settings };
}
