import { expect, test } from 'vitest';
import { parseClickhouseAddress } from './clickhouse-address.ts';

test('an address names a server and a database, and a user, a password and a cluster when it wants to', () => {
  expect(parseClickhouseAddress('http://ch/luban')).toEqual({
    url: 'http://ch',
    user: 'default',
    password: '',
    database: 'luban',
    cluster: undefined,
  });
  expect(parseClickhouseAddress('https://luban:p%40ss@ch:8443/plant_1?cluster=main')).toEqual({
    url: 'https://ch:8443',
    user: 'luban',
    password: 'p@ss',
    database: 'plant_1',
    cluster: 'main',
  });
});

test('what is no address of ClickHouse is none', () => {
  for (const text of [
    '',
    'ch',
    'http://ch',
    'http://ch/',
    'tcp://ch/luban',
    "http://ch/a'b",
    'http://ch/a/b',
    'http://u:%@ch/luban',
    'http://ch/luban?cluster=',
    "http://ch/luban?cluster='x",
    'http://ch/luban?claster=x',
  ])
    expect(parseClickhouseAddress(text), text).toBeNull();
});
