import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, migrate } from '../platform/database/database.ts';
import { movedTenantMigrations } from '../platform/database/moved-tenants.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { createHttp, type Http } from '../platform/http/http.ts';
import { createLogLines } from '../platform/log-lines.ts';
import { createIdentity, type Identity } from './identity.ts';
import { identityMigrations } from './identity-migrations.ts';
import { registerIdentityRoutes } from './identity-routes.ts';
import { createPasswords } from './passwords.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
interface Call {
  body?: unknown;
  cookie?: string | undefined;
  headers?: Record<string, string>;
  from?: string;
}

const ownerPassword = 'correct horse battery';
const setupBody = {
  language: 'zh',
  owner: { name: '王芳', email: 'Wang@Example.com', password: ownerPassword },
  plant: { name: '一号工厂', timeZone: 'Asia/Shanghai' },
  demoPlant: true,
};

let records: Awaited<ReturnType<typeof openTestDatabase>>;
let database: Database;
let http: Http;
let identity: Identity;
let clockMs: number;
let lines: string[];
/** Everything that any answer of the test held, headers left out: the cookie is meant for the browser. */
let answers: string[];
let setupFails: boolean;
let setups: { demoPlant: boolean; tenant: { number: number } }[];

beforeEach(async () => {
  records = await openTestDatabase();
  ({ database } = records);
  await migrate(database, { ...identityMigrations, ...movedTenantMigrations });
  clockMs = Date.UTC(2026, 0, 1);
  lines = [];
  answers = [];
  setups = [];
  setupFails = false;
  const log = createLogLines('debug', (line) => void lines.push(line));
  // A low cost keeps the tests quick; passwords.test.ts holds the real one.
  identity = createIdentity({ database, now: () => clockMs, log, passwords: createPasswords({ log2N: 10 }) });
  http = createHttp({ authenticate: identity.authenticate, isOperator: () => false, log });
  registerIdentityRoutes(http, identity, {
    onSetup: async (done) => {
      if (setupFails) throw new Error('the demo plant does not start');
      setups.push(done);
    },
  });
  await http.ready();
});

afterEach(async () => {
  await http.close();
  await records.close();
});

async function call(method: Method, url: string, { body, cookie, headers, from }: Call = {}) {
  const response = await http.inject({
    method,
    url,
    remoteAddress: from ?? '127.0.0.1',
    headers: {
      'x-luban-request': '1',
      host: 'localhost:8080',
      ...(cookie === undefined ? {} : { cookie }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  answers.push(response.body);
  const session = response.cookies.find(({ name }) => name === 'luban_session');
  return {
    status: response.statusCode,
    json: response.body === '' ? null : response.json(),
    headers: response.headers,
    session,
    cookie: session === undefined ? undefined : `luban_session=${session.value}`,
  };
}

async function setUp() {
  const { cookie, json } = await call('POST', '/api/v1/setup', { body: setupBody });
  return { cookie: cookie!, me: json };
}

function signIn(email: string, password: string, from?: string) {
  return call('POST', '/api/v1/sessions', { body: { email, password }, ...(from === undefined ? {} : { from }) });
}

async function addUser(owner: string, role: string, email = `${role}@example.com`) {
  const added = await call('POST', '/api/v1/users', {
    cookie: owner,
    body: { name: role, email, role, password: `password of ${role}` },
  });
  expect(added.status).toBe(201);
  const { cookie } = await signIn(email, `password of ${role}`);
  return { id: added.json.id as string, cookie: cookie! };
}

describe('setup', () => {
  it('makes the first tenant and its owner, signs the owner in, and then is done', async () => {
    expect((await call('GET', '/api/v1/setup')).json).toEqual({ needed: true });
    const { cookie, me } = await setUp();
    expect(me.user).toMatchObject({ name: '王芳', email: 'wang@example.com', role: 'owner', language: 'zh' });
    expect(me.tenant).toMatchObject({ name: '一号工厂', timeZone: 'Asia/Shanghai' });
    expect(me.permissions).toContain('users.write');
    expect(setups).toMatchObject([{ demoPlant: true, tenant: { number: 1 } }]);
    expect((await call('GET', '/api/v1/me', { cookie })).json).toEqual(me);
    expect((await call('GET', '/api/v1/setup')).json).toEqual({ needed: false });
    expect((await call('POST', '/api/v1/setup', { body: setupBody })).json.code).toBe('setup.done');
  });

  it('makes one tenant of two posts that race', async () => {
    const other = { ...setupBody, owner: { ...setupBody.owner, email: 'other@example.com' } };
    const both = await Promise.all([
      call('POST', '/api/v1/setup', { body: setupBody }),
      call('POST', '/api/v1/setup', { body: other }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await identity.tenants()).toHaveLength(1);
    expect(setups).toHaveLength(1);
  });

  it('lets the owner in even when what follows fails', async () => {
    setupFails = true;
    const { status, cookie } = await call('POST', '/api/v1/setup', { body: setupBody });
    expect(status).toBe(500);
    expect((await call('GET', '/api/v1/me', { cookie })).status).toBe(200);
  });

  it.each([
    ['another address', { from: '10.0.0.7' }],
    ['a proxy on the same machine', { headers: { 'x-forwarded-for': '10.0.0.7' } }],
    ['a foreign name that points here', { headers: { host: 'evil.example:8080' } }],
  ])('wants the setup code from %s', async (_where, where) => {
    const refused = await call('POST', '/api/v1/setup', { body: setupBody, ...where });
    expect(refused).toMatchObject({ status: 403, json: { code: 'setup.code-required' } });
    const headers = { ...('headers' in where ? where.headers : {}), 'x-luban-setup-code': 'aaaa-bbbb-cccc' };
    expect((await call('POST', '/api/v1/setup', { body: setupBody, ...where, headers })).status).toBe(403);
    headers['x-luban-setup-code'] = identity.setupCode().toUpperCase();
    expect((await call('POST', '/api/v1/setup', { body: setupBody, ...where, headers })).status).toBe(200);
  });

  it('has the same code at every server that knows the same secret, and else another at each start', () => {
    const codeBy = (secret?: number) =>
      createIdentity({
        ...{ database, now: () => clockMs, log: () => undefined },
        setupSecret: secret === undefined ? undefined : new Uint8Array(32).fill(secret),
      }).setupCode();
    expect(codeBy(7)).toMatch(/^[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}$/);
    expect(codeBy(7)).toBe(codeBy(7));
    expect(codeBy(7)).not.toBe(codeBy(8));
    expect(codeBy()).not.toBe(codeBy());
  });
});

describe('signing in', () => {
  it('gives a cookie that scripts cannot read, secure only by https', async () => {
    await setUp();
    const plain = await signIn('WANG@example.com', ownerPassword);
    expect(plain).toMatchObject({ status: 200, session: { httpOnly: true, sameSite: 'Lax', path: '/' } });
    expect(plain.session?.secure).toBeUndefined();
    const secure = await call('POST', '/api/v1/sessions', {
      body: { email: 'wang@example.com', password: ownerPassword },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(secure.session?.secure).toBe(true);
  });

  it('answers a wrong password and an unknown email alike', async () => {
    await setUp();
    const wrong = await signIn('wang@example.com', 'not the password');
    const unknown = await signIn('nobody@example.com', ownerPassword);
    expect(wrong).toMatchObject({ status: 401, json: { code: 'session.wrong-credentials' }, cookie: undefined });
    expect({ ...unknown.json, traceId: '' }).toEqual({ ...wrong.json, traceId: '' });
  });

  it('makes an account wait after ten failures, longer each time, and says how long', async () => {
    await setUp();
    for (let i = 0; i < 10; i++) expect((await signIn('wang@example.com', 'guess', `10.0.0.${i}`)).status).toBe(401);
    const slowed = await signIn('wang@example.com', ownerPassword, '10.0.0.99');
    expect(slowed).toMatchObject({ status: 429, json: { code: 'session.throttled' }, cookie: undefined });
    expect(slowed.headers['retry-after']).toBe('1');
    clockMs += 1000;
    expect((await signIn('wang@example.com', 'guess')).status).toBe(401);
    expect((await signIn('wang@example.com', ownerPassword)).headers['retry-after']).toBe('2');
    clockMs += 2000;
    expect((await signIn('wang@example.com', ownerPassword)).status).toBe(200);
    expect((await signIn('wang@example.com', 'guess')).status).toBe(401);
  });

  it('counts attempts that are sent side by side', async () => {
    await setUp();
    const guesses = await Promise.all(Array.from({ length: 20 }, (_, i) => signIn('wang@example.com', `guess ${i}`)));
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(10);
  });

  it('ends at sign-out', async () => {
    const { cookie } = await setUp();
    const out = await call('DELETE', '/api/v1/sessions/current', { cookie });
    expect(out).toMatchObject({ status: 204, session: { value: '' } });
    expect((await call('GET', '/api/v1/me', { cookie })).json.code).toBe('session.required');
  });

  it('ends a week after the last use, and a month after sign-in however much it is used', async () => {
    const { cookie } = await setUp();
    const day = 24 * 3_600_000;
    const { cookie: unused } = await signIn('wang@example.com', ownerPassword);
    for (let days = 0; days < 29; days++) {
      clockMs += day;
      expect((await call('GET', '/api/v1/me', { cookie })).status).toBe(200);
    }
    expect((await call('GET', '/api/v1/me', { cookie: unused })).status).toBe(401);
    clockMs += day;
    expect((await call('GET', '/api/v1/me', { cookie })).status).toBe(401);
  });

  it('recognises the upgrade request of a WebSocket by the same cookie', async () => {
    const { cookie, me } = await setUp();
    expect(await identity.authenticateUpgrade({ cookie: `theme=dark; ${cookie}` })).toMatchObject({
      kind: 'user',
      user: me.user.id,
      tenantNumber: 1,
      role: 'owner',
    });
    expect(await identity.authenticateUpgrade({ cookie: 'luban_session=stranger' })).toBeNull();
    expect(await identity.authenticateUpgrade({})).toBeNull();
  });
});

describe('sign-in links', () => {
  const useLink = (token: string) => call('POST', '/api/v1/sessions/link', { body: { token } });

  it('work once', async () => {
    const { me } = await setUp();
    const token = await identity.createSignInLink(me.user.id);
    const both = await Promise.all([useLink(token), useLink(token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect((await useLink(token)).json.code).toBe('session.link-used');
  });

  it('work for 15 minutes', async () => {
    const { me } = await setUp();
    const token = await identity.createSignInLink(me.user.id);
    clockMs += 15 * 60_000;
    expect((await useLink(token)).json.code).toBe('session.link-used');
  });

  it('let an account without a password in, which then sets its first one', async () => {
    const { user } = await identity.createTenant({
      name: 'Demo',
      timeZone: 'UTC',
      language: 'en',
      owner: { name: 'Demo', email: 'demo@example.com', password: null },
    });
    expect((await signIn('demo@example.com', 'anything at all')).status).toBe(401);
    const { cookie } = await useLink(await identity.createSignInLink(user.id));
    expect((await call('PATCH', '/api/v1/me', { cookie, body: { newPassword: ownerPassword } })).status).toBe(200);
    expect((await signIn('demo@example.com', ownerPassword)).status).toBe(200);
  });
});

describe('the own account', () => {
  it('changes name and language', async () => {
    const { cookie } = await setUp();
    const { json } = await call('PATCH', '/api/v1/me', { cookie, body: { name: 'Wang Fang', language: 'en' } });
    expect(json.user).toMatchObject({ name: 'Wang Fang', language: 'en' });
  });

  it('takes a new password only with the current one, and then signs out everywhere else', async () => {
    const { cookie } = await setUp();
    const { cookie: elsewhere } = await signIn('wang@example.com', ownerPassword);
    const change = (currentPassword: string) =>
      call('PATCH', '/api/v1/me', { cookie, body: { newPassword: 'another long one', currentPassword } });
    expect((await change('not the password')).json.code).toBe('users.wrong-password');
    expect((await change(ownerPassword)).status).toBe(200);
    expect((await call('GET', '/api/v1/me', { cookie })).status).toBe(200);
    expect((await call('GET', '/api/v1/me', { cookie: elsewhere })).status).toBe(401);
    expect((await signIn('wang@example.com', ownerPassword)).status).toBe(401);
    expect((await signIn('wang@example.com', 'another long one')).status).toBe(200);
  });
});

describe('users', () => {
  it('are listed in pages', async () => {
    const { cookie } = await setUp();
    await addUser(cookie, 'engineer');
    clockMs++;
    await addUser(cookie, 'viewer');
    const first = await call('GET', '/api/v1/users?limit=2', { cookie });
    const rest = await call('GET', `/api/v1/users?limit=2&cursor=${first.json.next}`, { cookie });
    expect([...first.json.items, ...rest.json.items].map(({ role }) => role).sort()).toEqual([
      'engineer',
      'owner',
      'viewer',
    ]);
    expect(rest.json.next).toBeNull();
  });

  it('have an email of their own', async () => {
    const { cookie } = await setUp();
    const body = { name: 'Copy', email: 'WANG@EXAMPLE.COM', role: 'viewer', password: ownerPassword };
    const taken = await call('POST', '/api/v1/users', { cookie, body });
    expect(taken).toMatchObject({ status: 409, json: { code: 'users.email-taken' } });
  });

  it('get a new role at once', async () => {
    const { cookie } = await setUp();
    const engineer = await addUser(cookie, 'engineer');
    expect((await call('GET', '/api/v1/users', { cookie: engineer.cookie })).status).toBe(200);
    const changed = await call('PATCH', `/api/v1/users/${engineer.id}`, { cookie, body: { role: 'viewer' } });
    expect(changed.json.role).toBe('viewer');
    const refused = await call('GET', '/api/v1/users', { cookie: engineer.cookie });
    expect(refused).toMatchObject({ status: 403, json: { code: 'permission.denied' } });
  });

  it('are out at once when removed', async () => {
    const { cookie } = await setUp();
    const viewer = await addUser(cookie, 'viewer');
    expect((await call('GET', '/api/v1/me', { cookie: viewer.cookie })).status).toBe(200);
    expect((await call('DELETE', `/api/v1/users/${viewer.id}`, { cookie })).status).toBe(204);
    expect((await call('GET', '/api/v1/me', { cookie: viewer.cookie })).status).toBe(401);
    expect((await call('DELETE', `/api/v1/users/${viewer.id}`, { cookie })).json.code).toBe('users.not-found');
  });

  it('always keep an owner', async () => {
    const { cookie, me } = await setUp();
    const url = `/api/v1/users/${me.user.id}`;
    expect((await call('DELETE', url, { cookie })).json.code).toBe('users.last-owner');
    expect((await call('PATCH', url, { cookie, body: { role: 'viewer' } })).json.code).toBe('users.last-owner');
    expect((await call('PATCH', url, { cookie, body: { name: 'New name' } })).status).toBe(200);
    const second = await addUser(cookie, 'owner');
    const both = await Promise.all([
      call('DELETE', url, { cookie: second.cookie }),
      call('DELETE', `/api/v1/users/${second.id}`, { cookie }),
    ]);
    expect(both.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  it('may do what their role allows', async () => {
    const { cookie } = await setUp();
    const { cookie: engineer } = await addUser(cookie, 'engineer');
    const { cookie: operator } = await addUser(cookie, 'operator');
    const body = { name: 'X', email: 'x@example.com', role: 'owner', password: ownerPassword };
    expect((await call('GET', '/api/v1/users', { cookie: operator })).status).toBe(403);
    expect((await call('GET', '/api/v1/users', { cookie: engineer })).status).toBe(200);
    expect((await call('POST', '/api/v1/users', { cookie: engineer, body })).status).toBe(403);
  });

  it('of another tenant are neither seen nor touched', async () => {
    const { cookie, me } = await setUp();
    const { tenant } = await identity.createTenant({
      name: 'Other',
      timeZone: 'Europe/Berlin',
      language: 'en',
      owner: { name: 'Otto', email: 'otto@example.com', password: ownerPassword },
    });
    expect(tenant.number).toBe(2);
    expect(await identity.tenantNumber(tenant.id)).toBe(2);
    const { cookie: stranger } = await signIn('otto@example.com', ownerPassword);
    const list = await call('GET', '/api/v1/users', { cookie: stranger });
    expect(list.json.items.map(({ name }: { name: string }) => name)).toEqual(['Otto']);
    const url = `/api/v1/users/${me.user.id}`;
    const patched = await call('PATCH', url, { cookie: stranger, body: { role: 'viewer' } });
    expect(patched.json.code).toBe('users.not-found');
    expect((await call('DELETE', url, { cookie: stranger })).json.code).toBe('users.not-found');
    expect((await call('GET', '/api/v1/me', { cookie })).json.user).toEqual(me.user);
  });
});

it.each<[Method, string]>([
  ['GET', '/api/v1/me'],
  ['PATCH', '/api/v1/me'],
  ['DELETE', '/api/v1/sessions/current'],
  ['GET', '/api/v1/users'],
  ['POST', '/api/v1/users'],
  ['PATCH', '/api/v1/users/user:01jqz7k3w0a1b2c3d4e5'],
  ['DELETE', '/api/v1/users/user:01jqz7k3w0a1b2c3d4e5'],
])('%s %s refuses whoever is not signed in', async (method, url) => {
  await setUp();
  expect(await call(method, url)).toMatchObject({ status: 401, json: { code: 'session.required' } });
});

it('no password, hash or token leaves in an answer or a log line, or lies in the database', async () => {
  const { cookie, me } = await setUp();
  const { cookie: engineer } = await addUser(cookie, 'engineer');
  await signIn('wang@example.com', ownerPassword);
  await signIn('wang@example.com', 'a wrong guess');
  const link = await identity.createSignInLink(me.user.id);
  await call('POST', '/api/v1/sessions/link', { body: { token: link } });
  await call('PATCH', '/api/v1/me', {
    cookie,
    body: { currentPassword: ownerPassword, newPassword: 'another long one' },
  });
  await call('GET', '/api/v1/users', { cookie });
  const said = [...answers, ...lines].join('\n');
  expect(lines.length).toBeGreaterThan(5);
  const secrets = [ownerPassword, 'a wrong guess', 'another long one', 'password of engineer', link];
  secrets.push(cookie.split('=')[1]!, engineer.split('=')[1]!);
  for (const secret of [...secrets, 'scrypt$', 'assword_hash', 'asswordHash', 'token_hash'])
    expect(said).not.toContain(secret);
  const tables = database.withTables<Record<string, Record<string, unknown>>>();
  const kept: unknown[] = [];
  for (const table of ['tenants', 'users', 'sessions', 'sign_in_links'])
    kept.push(...(await tables.selectFrom(table).selectAll().execute()));
  expect(JSON.stringify(kept)).toContain('scrypt$');
  for (const secret of secrets) expect(JSON.stringify(kept)).not.toContain(secret);
});
