import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIdentity } from './identity.ts';
import { type IdentityApi, openIdentityApi, setupBody } from './identity-api.test-support.ts';

let api: IdentityApi;
beforeEach(async () => {
  api = await openIdentityApi();
});
afterEach(() => api.close());

describe('setup', () => {
  it('makes the first tenant and its owner, signs the owner in, and then is done', async () => {
    expect((await api.call('GET', '/api/v1/setup')).json).toEqual({ needed: true });
    const { cookie, me } = await api.setUp();
    expect(me.user).toMatchObject({ name: '王芳', email: 'wang@example.com', role: 'owner', language: 'zh' });
    expect(me.tenant).toMatchObject({ name: '一号工厂', timeZone: 'Asia/Shanghai' });
    expect(me.permissions).toContain('users.write');
    expect(api.setups).toMatchObject([{ demoPlant: true, tenant: { number: 1 } }]);
    expect((await api.call('GET', '/api/v1/me', { cookie })).json).toEqual(me);
    expect((await api.call('GET', '/api/v1/setup')).json).toEqual({ needed: false });
    expect((await api.call('POST', '/api/v1/setup', { body: setupBody })).json.code).toBe('setup.done');
  });

  it('makes one tenant of two posts that race', async () => {
    const other = { ...setupBody, owner: { ...setupBody.owner, email: 'other@example.com' } };
    const both = await Promise.all([
      api.call('POST', '/api/v1/setup', { body: setupBody }),
      api.call('POST', '/api/v1/setup', { body: other }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await api.identity.tenants()).toHaveLength(1);
    expect(api.setups).toHaveLength(1);
  });

  it('lets the owner in even when what follows fails', async () => {
    api.failSetups();
    const { status, cookie } = await api.call('POST', '/api/v1/setup', { body: setupBody });
    expect(status).toBe(500);
    expect((await api.call('GET', '/api/v1/me', { cookie })).status).toBe(200);
  });

  it.each([
    ['another address', { from: '10.0.0.7' }],
    ['a proxy on the same machine', { headers: { 'x-forwarded-for': '10.0.0.7' } }],
    ['a foreign name that points here', { headers: { host: 'evil.example:8080' } }],
  ])('wants the setup code from %s', async (_where, where) => {
    const refused = await api.call('POST', '/api/v1/setup', { body: setupBody, ...where });
    expect(refused).toMatchObject({ status: 403, json: { code: 'setup.code-required' } });
    const headers = { ...('headers' in where ? where.headers : {}), 'x-luban-setup-code': 'aaaa-bbbb-cccc' };
    expect((await api.call('POST', '/api/v1/setup', { body: setupBody, ...where, headers })).status).toBe(403);
    headers['x-luban-setup-code'] = api.identity.setupCode().toUpperCase();
    expect((await api.call('POST', '/api/v1/setup', { body: setupBody, ...where, headers })).status).toBe(200);
  });

  it('has the same code at every server that knows the same secret, and else another at each start', () => {
    const codeBy = (secret?: number) =>
      createIdentity({
        ...{ database: api.database, now: Date.now, log: () => undefined },
        setupSecret: secret === undefined ? undefined : new Uint8Array(32).fill(secret),
      }).setupCode();
    expect(codeBy(7)).toMatch(/^[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}$/);
    expect(codeBy(7)).toBe(codeBy(7));
    expect(codeBy(7)).not.toBe(codeBy(8));
    expect(codeBy()).not.toBe(codeBy());
  });
});
