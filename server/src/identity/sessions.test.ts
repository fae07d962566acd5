import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type IdentityApi, openIdentityApi, ownerPassword } from './identity-api.test-support.ts';

let api: IdentityApi;
beforeEach(async () => {
  api = await openIdentityApi();
});
afterEach(() => api.close());

describe('signing in', () => {
  it('gives a cookie that scripts cannot read, secure only by https', async () => {
    await api.setUp();
    const plain = await api.signIn('WANG@example.com', ownerPassword);
    expect(plain).toMatchObject({ status: 200, session: { httpOnly: true, sameSite: 'Lax', path: '/' } });
    expect(plain.session?.secure).toBeUndefined();
    const secure = await api.call('POST', '/api/v1/sessions', {
      body: { email: 'wang@example.com', password: ownerPassword },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(secure.session?.secure).toBe(true);
  });

  it('answers a wrong password and an unknown email alike', async () => {
    await api.setUp();
    const wrong = await api.signIn('wang@example.com', 'not the password');
    const unknown = await api.signIn('nobody@example.com', ownerPassword);
    expect(wrong).toMatchObject({ status: 401, json: { code: 'session.wrong-credentials' }, cookie: undefined });
    expect({ ...unknown.json, traceId: '' }).toEqual({ ...wrong.json, traceId: '' });
  });

  it('makes an account wait after ten failures, longer each time, and says how long', async () => {
    await api.setUp();
    for (let i = 0; i < 10; i++)
      expect((await api.signIn('wang@example.com', 'guess', `10.0.0.${i}`)).status).toBe(401);
    const slowed = await api.signIn('wang@example.com', ownerPassword, '10.0.0.99');
    expect(slowed).toMatchObject({ status: 429, json: { code: 'session.throttled' }, cookie: undefined });
    expect(slowed.headers['retry-after']).toBe('1');
    api.pass(1000);
    expect((await api.signIn('wang@example.com', 'guess')).status).toBe(401);
    expect((await api.signIn('wang@example.com', ownerPassword)).headers['retry-after']).toBe('2');
    api.pass(2000);
    expect((await api.signIn('wang@example.com', ownerPassword)).status).toBe(200);
    expect((await api.signIn('wang@example.com', 'guess')).status).toBe(401);
  });

  it('counts attempts that are sent side by side', async () => {
    await api.setUp();
    const guesses = await Promise.all(
      Array.from({ length: 20 }, (_, i) => api.signIn('wang@example.com', `guess ${i}`)),
    );
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(10);
  });

  it('ends at sign-out', async () => {
    const { cookie } = await api.setUp();
    const out = await api.call('DELETE', '/api/v1/sessions/current', { cookie });
    expect(out).toMatchObject({ status: 204, session: { value: '' } });
    expect((await api.call('GET', '/api/v1/me', { cookie })).json.code).toBe('session.required');
  });

  it('ends a week after the last use, and a month after sign-in however much it is used', async () => {
    const { cookie } = await api.setUp();
    const day = 24 * 3_600_000;
    const { cookie: unused } = await api.signIn('wang@example.com', ownerPassword);
    for (let days = 0; days < 29; days++) {
      api.pass(day);
      expect((await api.call('GET', '/api/v1/me', { cookie })).status).toBe(200);
    }
    expect((await api.call('GET', '/api/v1/me', { cookie: unused })).status).toBe(401);
    api.pass(day);
    expect((await api.call('GET', '/api/v1/me', { cookie })).status).toBe(401);
  });

  it('recognises the upgrade request of a WebSocket by the same cookie', async () => {
    const { cookie, me } = await api.setUp();
    expect(await api.identity.authenticateUpgrade({ cookie: `theme=dark; ${cookie}` })).toMatchObject({
      kind: 'user',
      user: me.user.id,
      tenantNumber: 1,
      role: 'owner',
    });
    expect(await api.identity.authenticateUpgrade({ cookie: 'luban_session=stranger' })).toBeNull();
    expect(await api.identity.authenticateUpgrade({})).toBeNull();
  });
});

describe('sign-in links', () => {
  const useLink = (token: string) => api.call('POST', '/api/v1/sessions/link', { body: { token } });

  it('work once', async () => {
    const { me } = await api.setUp();
    const token = await api.identity.createSignInLink(me.user.id);
    const both = await Promise.all([useLink(token), useLink(token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect((await useLink(token)).json.code).toBe('session.link-used');
  });

  it('work for 15 minutes', async () => {
    const { me } = await api.setUp();
    const token = await api.identity.createSignInLink(me.user.id);
    api.pass(15 * 60_000);
    expect((await useLink(token)).json.code).toBe('session.link-used');
  });

  it('let an account without a password in, which then sets its first one', async () => {
    const { user } = await api.identity.createTenant({
      name: 'Demo',
      timeZone: 'UTC',
      language: 'en',
      owner: { name: 'Demo', email: 'demo@example.com', password: null },
    });
    expect((await api.signIn('demo@example.com', 'anything at all')).status).toBe(401);
    const { cookie } = await useLink(await api.identity.createSignInLink(user.id));
    expect((await api.call('PATCH', '/api/v1/me', { cookie, body: { newPassword: ownerPassword } })).status).toBe(200);
    expect((await api.signIn('demo@example.com', ownerPassword)).status).toBe(200);
  });
});
