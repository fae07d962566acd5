import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('without settings everything is embedded', () => {
  const { records, dataDirectory } = readConfig({ PATH: '/bin' });
  expect({ records, dataDirectory }).toEqual({ records: undefined, dataDirectory: 'data/platform' });
});

test('a wrong address of an engine stops the start, names its key, and shows no password', () => {
  for (const [key, value] of [
    ['LUBAN_RECORDS', 'postgres://luban:se4ret@db'],
    ['LUBAN_RECORDS', 'mysql://luban:se4ret@db/luban'],
    ['LUBAN_RECORDS', 'postgres://luban:se4ret@db:x/luban'],
  ] as const) {
    let told = '';
    try {
      readConfig({ [key]: value });
    } catch (error) {
      told = (error as Error).message;
    }
    expect(told).toContain(`${key}: must look like postgres://user:password@host:5432/database`);
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
});
