import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signedWith } from './signed-login.ts';

const nowMs = Date.UTC(2026, 10, 26, 8, 30);
const password = (text: string) => Buffer.from(text);

describe('a Link Kit login', () => {
  // Computed with `openssl dgst -sha1 -hmac secret` and its sisters over
  // clientId12345deviceNamedeviceproductKeypktimestamp789.
  const signed = 'clientId12345deviceNamedeviceproductKeypktimestamp789';
  test.each([
    ['hmacsha1', 'sha1'],
    ['hmacmd5', 'md5'],
    ['hmacsha256', 'sha256'],
  ])('signed by %s is recognised in either case, and by no other secret', (method, hash) => {
    const given = {
      clientId: `12345|securemode=3,signmethod=${method},timestamp=789|`,
      username: 'device&pk',
      password: password(createHmac(hash, 'secret').update(signed).digest('hex').toUpperCase()),
    };
    expect(signedWith('secret', given, nowMs)).toBe(true);
    expect(signedWith('secreT', given, nowMs)).toBe(false);
    expect(signedWith('secret', { ...given, username: 'other&pk' }, nowMs)).toBe(false);
    expect(signedWith('secret', { ...given, clientId: given.clientId.replace('789', '790') }, nowMs)).toBe(false);
  });

  test('is the one of the vendor’s published example', () => {
    const given = {
      clientId: '12345|securemode=3,signmethod=hmacsha1,timestamp=789|',
      username: 'device&pk',
      password: password('FAFD82A3D602B37FB0FA8B7892F24A477F851A14'),
    };
    expect(signedWith('secret', given, nowMs)).toBe(true);
  });

  test('without a time, with the extras of newer kits, or with an unknown method', () => {
    const sign = (text: string) => password(createHmac('sha256', 'secret').update(text).digest('hex'));
    const plain = { clientId: 'a|securemode=2,signmethod=hmacsha256|', username: 'd&p' };
    expect(signedWith('secret', { ...plain, password: sign('clientIdadeviceNamedproductKeyp') }, nowMs)).toBe(true);
    const newer = { clientId: 'p.d|timestamp=1,_ss=1,_v=sdk-c-4.1,signmethod=hmacsha256,ext=3,|', username: 'd&p' };
    expect(
      signedWith('secret', { ...newer, password: sign('clientIdp.ddeviceNamedproductKeyptimestamp1') }, nowMs),
    ).toBe(true);
    const unknown = { clientId: 'a|signmethod=none|', username: 'd&p', password: password('') };
    expect(signedWith('secret', unknown, nowMs)).toBe(false);
  });
});

describe('a Huawei login', () => {
  const login = (clientId: string, hour: string) => ({
    clientId,
    username: 'product_node',
    password: password(createHmac('sha256', hour).update('secret').digest('hex')),
  });

  test('is recognised by its hour, which counts only when the device asks for it', () => {
    expect(signedWith('secret', login('product_node_0_0_2020010203', '2020010203'), nowMs)).toBe(true);
    expect(signedWith('secret', login('product_node_0_1_2020010203', '2020010203'), nowMs)).toBe(false);
    expect(signedWith('secret', login('product_node_0_1_2026112608', '2026112608'), nowMs)).toBe(true);
    expect(signedWith('other', login('product_node_0_1_2026112608', '2026112608'), nowMs)).toBe(false);
  });

  test('of another device than the user name says is none', () => {
    expect(signedWith('secret', login('somebody_0_0_2020010203', '2020010203'), nowMs)).toBe(false);
  });
});

test('a login that is neither is none', () => {
  for (const given of [
    { clientId: 'x', username: 'y', password: password('z') },
    { clientId: '||', username: '&', password: password('') },
    { clientId: '', password: password('') },
    { clientId: 'a|b|' },
  ])
    expect(signedWith('secret', given, nowMs)).toBe(false);
});
