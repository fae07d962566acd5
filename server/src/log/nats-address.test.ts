import { expect, test } from 'vitest';
import { parseNatsAddress } from './nats-address.ts';

test('an address names servers, and a user, TLS and a name for what is kept when it wants to', () => {
  expect(parseNatsAddress('nats://a')).toEqual({ servers: ['a'], tls: false, name: 'luban' });
  expect(parseNatsAddress('tls://luban:p%40ss%3Aword@a:4222,b.example:4223,10.0.0.3/plant-1')).toEqual({
    servers: ['a:4222', 'b.example:4223', '10.0.0.3'],
    user: 'luban',
    password: 'p@ss:word',
    tls: true,
    name: 'plant-1',
  });
});

test('what is no address of NATS is none', () => {
  for (const text of ['', 'a', 'nats://', 'nats://a,', 'nats://u@a', 'nats://u:%@a', 'nats://a/b/c', 'http://a'])
    expect(parseNatsAddress(text)).toBeNull();
});
