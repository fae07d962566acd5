import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type IdentityApi, openIdentityApi, ownerPassword } from './identity-api.test-support.ts';

let api: IdentityApi;
beforeEach(async () => {
  api = await openIdentityApi();
});
afterEach(() => api.close());

describe('the own account', () => {
  it('changes name and language', async () => {
    const { cookie } = await api.setUp();
    const { json } = await api.call('PATCH', '/api/v1/me', { cookie, body: { name: 'Wang Fang', language: 'en' } });
    expect(json.user).toMatchObject({ name: 'Wang Fang', language: 'en' });
  });

  it('takes a new password only with the current one, and then signs out everywhere else', async () => {
    const { cookie } = await api.setUp();
    const { cookie: elsewhere } = await api.signIn('wang@example.com', ownerPassword);
    const change = (currentPassword: string) =>
      api.call('PATCH', '/api/v1/me', { cookie, body: { newPassword: 'another long one', currentPassword } });
    expect((await change('not the password')).json.code).toBe('users.wrong-password');
    expect((await change(ownerPassword)).status).toBe(200);
    expect((await api.call('GET', '/api/v1/me', { cookie })).status).toBe(200);
    expect((await api.call('GET', '/api/v1/me', { cookie: elsewhere })).status).toBe(401);
    expect((await api.signIn('wang@example.com', ownerPassword)).status).toBe(401);
    expect((await api.signIn('wang@example.com', 'another long one')).status).toBe(200);
  });
});

describe('users', () => {
  it('are listed in pages', async () => {
    const { cookie } = await api.setUp();
    await api.addUser(cookie, 'engineer');
    api.pass(1);
    await api.addUser(cookie, 'viewer');
    const first = await api.call('GET', '/api/v1/users?limit=2', { cookie });
    const rest = await api.call('GET', `/api/v1/users?limit=2&cursor=${first.json.next}`, { cookie });
    expect([...first.json.items, ...rest.json.items].map(({ role }) => role).sort()).toEqual([
      'engineer',
      'owner',
      'viewer',
    ]);
    expect(rest.json.next).toBeNull();
  });

  it('have an email of their own', async () => {
    const { cookie } = await api.setUp();
    const body = { name: 'Copy', email: 'WANG@EXAMPLE.COM', role: 'viewer', password: ownerPassword };
    const taken = await api.call('POST', '/api/v1/users', { cookie, body });
    expect(taken).toMatchObject({ status: 409, json: { code: 'users.email-taken' } });
  });

  it('get a new role at once', async () => {
    const { cookie } = await api.setUp();
    const engineer = await api.addUser(cookie, 'engineer');
    expect((await api.call('GET', '/api/v1/users', { cookie: engineer.cookie })).status).toBe(200);
    const changed = await api.call('PATCH', `/api/v1/users/${engineer.id}`, { cookie, body: { role: 'viewer' } });
    expect(changed.json.role).toBe('viewer');
    const refused = await api.call('GET', '/api/v1/users', { cookie: engineer.cookie });
    expect(refused).toMatchObject({ status: 403, json: { code: 'permission.denied' } });
  });

  it('are out at once when removed', async () => {
    const { cookie } = await api.setUp();
    const viewer = await api.addUser(cookie, 'viewer');
    expect((await api.call('GET', '/api/v1/me', { cookie: viewer.cookie })).status).toBe(200);
    expect((await api.call('DELETE', `/api/v1/users/${viewer.id}`, { cookie })).status).toBe(204);
    expect((await api.call('GET', '/api/v1/me', { cookie: viewer.cookie })).status).toBe(401);
    expect((await api.call('DELETE', `/api/v1/users/${viewer.id}`, { cookie })).json.code).toBe('users.not-found');
  });

  it('always keep an owner', async () => {
    const { cookie, me } = await api.setUp();
    const url = `/api/v1/users/${me.user.id}`;
    expect((await api.call('DELETE', url, { cookie })).json.code).toBe('users.last-owner');
    expect((await api.call('PATCH', url, { cookie, body: { role: 'viewer' } })).json.code).toBe('users.last-owner');
    expect((await api.call('PATCH', url, { cookie, body: { name: 'New name' } })).status).toBe(200);
    const second = await api.addUser(cookie, 'owner');
    const both = await Promise.all([
      api.call('DELETE', url, { cookie: second.cookie }),
      api.call('DELETE', `/api/v1/users/${second.id}`, { cookie }),
    ]);
    expect(both.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  it('may do what their role allows', async () => {
    const { cookie } = await api.setUp();
    const { cookie: engineer } = await api.addUser(cookie, 'engineer');
    const { cookie: operator } = await api.addUser(cookie, 'operator');
    const body = { name: 'X', email: 'x@example.com', role: 'owner', password: ownerPassword };
    expect((await api.call('GET', '/api/v1/users', { cookie: operator })).status).toBe(403);
    expect((await api.call('GET', '/api/v1/users', { cookie: engineer })).status).toBe(200);
    expect((await api.call('POST', '/api/v1/users', { cookie: engineer, body })).status).toBe(403);
  });

  it('of another tenant are neither seen nor touched', async () => {
    const { cookie, me } = await api.setUp();
    const { tenant } = await api.identity.createTenant({
      name: 'Other',
      timeZone: 'Europe/Berlin',
      language: 'en',
      owner: { name: 'Otto', email: 'otto@example.com', password: ownerPassword },
    });
    expect(tenant.number).toBe(2);
    expect(await api.identity.tenantNumber(tenant.id)).toBe(2);
    const { cookie: stranger } = await api.signIn('otto@example.com', ownerPassword);
    const list = await api.call('GET', '/api/v1/users', { cookie: stranger });
    expect(list.json.items.map(({ name }: { name: string }) => name)).toEqual(['Otto']);
    const url = `/api/v1/users/${me.user.id}`;
    const patched = await api.call('PATCH', url, { cookie: stranger, body: { role: 'viewer' } });
    expect(patched.json.code).toBe('users.not-found');
    expect((await api.call('DELETE', url, { cookie: stranger })).json.code).toBe('users.not-found');
    expect((await api.call('GET', '/api/v1/me', { cookie })).json.user).toEqual(me.user);
  });
});
