import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('without settings everything is embedded', () => {
  const { records, log, telemetry, dataDirectory } = readConfig({ PATH: '/bin' });
  expect({ records, log, telemetry, dataDirectory }).toEqual({
    records: undefined,
    log: undefined,
    telemetry: undefined,
    dataDirectory: 'data/platform',
  });
});

test('a wrong address of an engine stops the start, names its key, and shows no password', () => {
  const records = 'LUBAN_RECORDS: must look like postgres://user:password@host:5432/database';
  const log = 'LUBAN_LOG: must look like nats://user:password@a:4222,b:4222,c:4222';
  const telemetry = 'LUBAN_TELEMETRY: must look like http://user:password@host:8123/database';
  for (const [key, value, complaint] of [
    ['LUBAN_RECORDS', 'postgres://luban:se4ret@db', records],
    ['LUBAN_RECORDS', 'mysql://luban:se4ret@db/luban', records],
    ['LUBAN_RECORDS', 'postgres://luban:se4ret@db:x/luban', records],
    ['LUBAN_LOG', 'kafka://luban:se4ret@a,b', log],
    ['LUBAN_LOG', 'nats://luban:se4ret@a:4222,', log],
    ['LUBAN_LOG', 'nats://luban:se4ret%@a', log],
    ['LUBAN_TELEMETRY', 'http://luban:se4ret@ch:8123', telemetry],
    ['LUBAN_TELEMETRY', 'tcp://luban:se4ret@ch:9000/luban', telemetry],
  ] as const) {
    let told = '';
    try {
      readConfig({ [key]: value });
    } catch (error) {
      told = (error as Error).message;
    }
    expect(told).toContain(complaint);
    expect(told).not.toContain('se4ret');
  }
});

test('a setting that there is not is named', () => {
  expect(() => readConfig({ LUBAN_RECORD: '' })).toThrow('unknown setting LUBAN_RECORD');
});

test('TLS needs both files, and the doors without it may stay on another address', () => {
  expect(readConfig({ LUBAN_TLS_CERT: 'c.pem', LUBAN_TLS_KEY: 'k.pem', LUBAN_HOST: '0.0.0.0' })).toMatchObject({
    plainHost: '0.0.0.0',
    tls: { files: { certificate: 'c.pem', key: 'k.pem' }, httpsPort: 8443, mqttPort: 8883 },
  });
  expect(readConfig({ LUBAN_HOST: '0.0.0.0', LUBAN_PLAIN_HOST: '127.0.0.1' }).plainHost).toBe('127.0.0.1');
  expect(() => readConfig({ LUBAN_TLS_CERT: 'c.pem' })).toThrow('LUBAN_TLS_CERT needs LUBAN_TLS_KEY');
  expect(() => readConfig({ LUBAN_TLS_KEY: 'k.pem' })).toThrow('LUBAN_TLS_KEY needs LUBAN_TLS_CERT');
  expect(() => readConfig({ LUBAN_HTTPS_PORT: '443' })).toThrow('LUBAN_HTTPS_PORT needs LUBAN_TLS_CERT');

  const tls = { LUBAN_TLS_CERT: 'c.pem', LUBAN_TLS_KEY: 'k.pem' };
  expect(readConfig({ ...tls, LUBAN_MQTT_CLIENT_CA: 'ca.pem' }).tls?.clientCertificates).toBe('asked');
  const required = { LUBAN_MQTT_CLIENT_CERT: 'required' };
  expect(readConfig({ ...tls, LUBAN_MQTT_CLIENT_CA: 'ca.pem', ...required }).tls?.clientCertificates).toBe('required');
  expect(() => readConfig({ LUBAN_MQTT_CLIENT_CA: 'ca.pem' })).toThrow('LUBAN_MQTT_CLIENT_CA needs LUBAN_TLS_CERT');
  for (const lone of [required, { LUBAN_MQTT_CLIENT_CRL: 'crl.pem' }])
    expect(() => readConfig({ ...tls, ...lone })).toThrow('need LUBAN_MQTT_CLIENT_CA');
});

test('a server with some roles only needs engines that several servers can share', () => {
  const engines = {
    LUBAN_RECORDS: 'postgres://luban:secret@db/luban',
    LUBAN_LOG: 'nats://luban:secret@a,b,c',
    LUBAN_TELEMETRY: 'http://luban:secret@ch:8123/luban',
  };
  expect(readConfig({})).toMatchObject({ roles: ['door', 'api', 'writer'], shared: false });
  expect(readConfig(engines)).toMatchObject({ roles: ['door', 'api', 'writer'], shared: true });
  expect(readConfig({ ...engines, LUBAN_ROLES: 'api, writer,api' })).toMatchObject({ roles: ['api', 'writer'] });
  expect(() => readConfig({ LUBAN_ROLES: 'door' })).toThrow(
    'LUBAN_ROLES=door leaves work to other servers, and those need the engines of a cluster: set LUBAN_RECORDS, LUBAN_LOG, LUBAN_TELEMETRY too',
  );
  expect(() => readConfig({ ...engines, LUBAN_ROLES: 'gate' })).toThrow('must be some of door, api, writer');
  expect(readConfig({ ...engines, LUBAN_ROLES: 'api' })).toMatchObject({ roles: ['api'] });
  expect(() => readConfig({ ...engines, LUBAN_ROLES: ',' })).toThrow('LUBAN_ROLES');
});

test('traces go nowhere without a collector, and where OpenTelemetry’s own settings say with one', () => {
  expect(readConfig({ OTEL_TRACES_SAMPLER_ARG: '1' }).tracing).toBeNull();
  expect(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }).tracing).toEqual({
    url: 'http://collector:4318/v1/traces',
    headers: {},
    ratio: 0,
    serviceName: 'luban',
  });
  expect(
    readConfig({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/here',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20se4ret, x-scope = plant',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_SERVICE_NAME: 'plant-1',
    }).tracing,
  ).toEqual({
    url: 'https://collector/here',
    headers: { authorization: 'Bearer se4ret', 'x-scope': 'plant' },
    ratio: 0.25,
    serviceName: 'plant-1',
  });
  expect(() => readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' })).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT');
  expect(() => readConfig({ OTEL_TRACES_SAMPLER_ARG: '1.5' })).toThrow('OTEL_TRACES_SAMPLER_ARG');
  let told = '';
  try {
    readConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'se4ret' });
  } catch (error) {
    told = (error as Error).message;
  }
  expect(told).toContain('OTEL_EXPORTER_OTLP_HEADERS: must look like');
  expect(told).not.toContain('se4ret');
});
