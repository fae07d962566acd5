import { type Device, newDevice } from '@luban/contracts';
import { expect, test } from 'vitest';
import { deviceBody, fieldsOf } from './device-settings.ts';

const edge = 'edge:1m828rk5e081mq2k3j5e';
const opcUa = {
  id: 'device:1m828rkrsapf6pfcbcan',
  name: 'Press',
  edge,
  enabled: true,
  simulated: false,
  protocol: 'opc-ua',
  settings: {
    endpointUrl: 'opc.tcp://10.0.0.2:4840',
    security: 'Basic256Sha256',
    messageMode: 'Sign',
    user: { name: 'reader', password: '' },
    serverThumbprint: null,
    samplingIntervalMs: 250,
    publishingIntervalMs: 500,
    timeoutMs: 5000,
  },
} as unknown as Device;

test('a device goes through the form unchanged, and its empty password stays empty', () => {
  const { id: _, ...body } = opcUa;
  expect(deviceBody(fieldsOf(opcUa), edge, true)).toEqual(body);
});

test('without a user name the device is read anonymously', () => {
  const body = deviceBody({ ...fieldsOf(opcUa), userName: ' ' }, edge, true) as Device;
  expect(body.protocol === 'opc-ua' && body.settings.user).toBe(null);
});

test('what the form leaves out takes the default, and the API takes the result', () => {
  const body = deviceBody(
    { name: ' Mill ', protocol: 'modbus-tcp', simulated: false, host: ' 10.0.0.3 ' },
    edge,
    false,
  );
  expect(newDevice.parse(body)).toEqual(body);
  expect(body).toMatchObject({ name: 'Mill', enabled: false, settings: { host: '10.0.0.3', port: 502 } });
});
