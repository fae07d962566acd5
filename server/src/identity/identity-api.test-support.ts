import { expect } from 'vitest';
import { migrate } from '../platform/database/database.ts';
import { movedTenantMigrations } from '../platform/database/moved-tenants.ts';
import { openTestDatabase } from '../platform/database/records.test-support.ts';
import { createHttp } from '../platform/http/http.ts';
import { createLogLines } from '../platform/log-lines.ts';
import { createIdentity } from './identity.ts';
import { identityMigrations } from './identity-migrations.ts';
import { registerIdentityRoutes } from './identity-routes.ts';
import { createPasswords } from './passwords.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
interface Call {
  body?: unknown;
  cookie?: string | undefined;
  headers?: Record<string, string>;
  from?: string;
}

export const ownerPassword = 'correct horse battery';
export const setupBody = {
  language: 'zh',
  owner: { name: '王芳', email: 'Wang@Example.com', password: ownerPassword },
  plant: { name: '一号工厂', timeZone: 'Asia/Shanghai' },
  demoPlant: true,
};

export type IdentityApi = Awaited<ReturnType<typeof openIdentityApi>>;

/** The routes of this folder on records of their own, with a clock that stands still. */
export async function openIdentityApi() {
  const records = await openTestDatabase();
  const { database } = records;
  await migrate(database, { ...identityMigrations, ...movedTenantMigrations });
  let clockMs = Date.UTC(2026, 0, 1);
  const lines: string[] = [];
  const answers: string[] = [];
  const setups: { demoPlant: boolean; tenant: { number: number } }[] = [];
  let setupFails = false;
  const log = createLogLines('debug', (line) => void lines.push(line));
  // A low cost keeps the tests quick; passwords.test.ts holds the real one.
  const identity = createIdentity({ database, now: () => clockMs, log, passwords: createPasswords({ log2N: 10 }) });
  const http = createHttp({ authenticate: identity.authenticate, isOperator: () => false, log });
  registerIdentityRoutes(http, identity, {
    onSetup: async (done) => {
      if (setupFails) throw new Error('the demo plant does not start');
      setups.push(done);
    },
  });
  await http.ready();

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

  function signIn(email: string, password: string, from?: string) {
    return call('POST', '/api/v1/sessions', { body: { email, password }, ...(from === undefined ? {} : { from }) });
  }

  return {
    database,
    identity,
    /** What was logged. */
    lines,
    /** Everything that any answer held, headers left out: the cookie is meant for the browser. */
    answers,
    /** Those that went through. */
    setups,
    failSetups: () => {
      setupFails = true;
    },
    pass: (ms: number) => {
      clockMs += ms;
    },
    call,
    signIn,
    async setUp() {
      const { cookie, json } = await call('POST', '/api/v1/setup', { body: setupBody });
      return { cookie: cookie!, me: json };
    },
    async addUser(owner: string, role: string, email = `${role}@example.com`) {
      const added = await call('POST', '/api/v1/users', {
        cookie: owner,
        body: { name: role, email, role, password: `password of ${role}` },
      });
      expect(added.status).toBe(201);
      const { cookie } = await signIn(email, `password of ${role}`);
      return { id: added.json.id as string, cookie: cookie! };
    },
    async close() {
      await http.close();
      await records.close();
    },
  };
}
