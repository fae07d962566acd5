import { afterEach, beforeEach, expect, it } from 'vitest';
import { type IdentityApi, type Method, openIdentityApi, ownerPassword } from './identity-api.test-support.ts';

let api: IdentityApi;
beforeEach(async () => {
  api = await openIdentityApi();
});
afterEach(() => api.close());

it.each<[Method, string]>([
  ['GET', '/api/v1/me'],
  ['PATCH', '/api/v1/me'],
  ['DELETE', '/api/v1/sessions/current'],
  ['GET', '/api/v1/users'],
  ['POST', '/api/v1/users'],
  ['PATCH', '/api/v1/users/user:01jqz7k3w0a1b2c3d4e5'],
  ['DELETE', '/api/v1/users/user:01jqz7k3w0a1b2c3d4e5'],
])('%s %s refuses whoever is not signed in', async (method, url) => {
  await api.setUp();
  expect(await api.call(method, url)).toMatchObject({ status: 401, json: { code: 'session.required' } });
});

it('no password, hash or token leaves in an answer or a log line, or lies in the database', async () => {
  const { cookie, me } = await api.setUp();
  const { cookie: engineer } = await api.addUser(cookie, 'engineer');
  await api.signIn('wang@example.com', ownerPassword);
  await api.signIn('wang@example.com', 'a wrong guess');
  const link = await api.identity.createSignInLink(me.user.id);
  await api.call('POST', '/api/v1/sessions/link', { body: { token: link } });
  await api.call('PATCH', '/api/v1/me', {
    cookie,
    body: { currentPassword: ownerPassword, newPassword: 'another long one' },
  });
  await api.call('GET', '/api/v1/users', { cookie });
  const said = [...api.answers, ...api.lines].join('\n');
  expect(api.lines.length).toBeGreaterThan(5);
  const secrets = [ownerPassword, 'a wrong guess', 'another long one', 'password of engineer', link];
  secrets.push(cookie.split('=')[1]!, engineer.split('=')[1]!);
  for (const secret of [...secrets, 'scrypt$', 'assword_hash', 'asswordHash', 'token_hash'])
    expect(said).not.toContain(secret);
  const tables = api.database.withTables<Record<string, Record<string, unknown>>>();
  const kept: unknown[] = [];
  for (const table of ['tenants', 'users', 'sessions', 'sign_in_links'])
    kept.push(...(await tables.selectFrom(table).selectAll().execute()));
  expect(JSON.stringify(kept)).toContain('scrypt$');
  for (const secret of secrets) expect(JSON.stringify(kept)).not.toContain(secret);
});
