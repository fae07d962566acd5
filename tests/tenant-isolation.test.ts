import type { Flow } from '@luban/contracts';
import { encodeBatch, toBatch, topics, toSeries } from '@luban/contracts';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type ApiClient, createApiClient } from './fixtures/api-client.ts';
import {
  type Operation,
  operationsOf,
  parametersIn,
  pathOf,
  publicOperations,
  queriesOf,
} from './fixtures/api-walk.ts';
import { foreignWrites } from './fixtures/foreign-writes.ts';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { type PopulatedTenant, populateTenant } from './fixtures/populated-tenant.ts';
import { until } from './fixtures/until.ts';

const signOut = 'DELETE /api/v1/sessions/current';
const notForTenants = ['GET /api/v1/backups/newest', 'GET /api/v1/servers'];
/** The whole platform's counts and rates, which move by themselves. */
const moving = ['GET /api/v1/flow', 'GET /api/v1/retention', 'GET /metrics'];
let platform: InProcessPlatform;
let alpha: PopulatedTenant;
let beta: PopulatedTenant;
let operations: Operation[];
let before: Map<string, string>;

beforeAll(async () => {
  platform = await startInProcess();
  alpha = await populateTenant(platform, 'ALPHA7QX', 73_511.125);
  beta = await populateTenant(platform, 'BETA9ZK', 4.5);
  operations = await operationsOf(alpha.api);
  // The account counts what is stored yet; everything else stands still.
  await platform.app.telemetry.flush();
  await until(async () => {
    before = await everything(alpha);
    return ![...before.values()].some((answer) => /"waiting":[1-9]/.test(answer));
  }, 'all that alpha sent is stored');
});
afterAll(() => platform.stop());

/** Everything that a tenant can read of itself: address → answer. */
async function everything(of: PopulatedTenant): Promise<Map<string, string>> {
  const read = new Map<string, string>();
  for (const operation of operations.filter(
    ({ method, name }) => method === 'GET' && ![...moving, ...notForTenants].includes(name),
  )) {
    const path = pathOf(operation, of);
    for (const query of await queriesOf(operation, path, of)) {
      const answer = await of.api.request('GET', `${path}${query}`);
      const nameless = path.startsWith('/api/v1/readings/') && !/series=|thing=/.test(query);
      if (!nameless) expect(answer.status, `${path}${query} ${answer.text}`).toBe(200);
      read.set(`${path}${query}`, answer.text.replace(/"traceId":"[^"]*"/, ''));
    }
  }
  return read;
}

/** What of alpha's an answer shows that the request did not name itself. */
function leaks(answer: Answer, request: string): string[] {
  const asked = decodeURIComponent(request).toLowerCase();
  const text = answer.text.toLowerCase();
  const shown = alpha.private.filter((one) => text.includes(one.toLowerCase()) && !asked.includes(one.toLowerCase()));
  const series = [...answer.text.matchAll(/"series":(\d+)/g)].map(([, one]) => Number(one));
  return [...shown, ...series.filter((one) => alpha.series.has(one)).map((one) => `series ${one}`)];
}

test('the walk knows alpha as it is: its own owner reads everything that it asks for', () => {
  const all = [...before.values()].join('\n');
  for (const name of [
    'hall',
    'line',
    'model',
    'machine 1',
    'machine 2',
    'key',
    'access key',
    'edge',
    'device',
    'viewer',
  ])
    expect(all).toContain(`${alpha.marker} ${name}`);
  for (const id of Object.values(alpha.ids)) expect(all).toContain(id);
  expect(all).toContain('73511.125');
  expect(all).toContain('73512.125');
  expect(all).toContain('device-silent');
  expect(all, 'a stored password is never shown').not.toContain('alpha7qx-opcua-password');
});

test('no read of any route shows beta anything of alpha', async () => {
  const faults: string[] = [];
  for (const operation of operations.filter(({ method }) => method === 'GET')) {
    const path = pathOf(operation, alpha);
    for (const query of await queriesOf(operation, path, alpha)) {
      const answer = await beta.api.request('GET', `${path}${query}`);
      const shown = leaks(answer, `${path}${query}`);
      if (shown.length > 0) faults.push(`${operation.name}${query} shows ${shown.join()}`);
      if (parametersIn(operation) > 0 && answer.status !== 404) faults.push(`${path} answers ${answer.status}`);
      if (answer.status >= 500) faults.push(`${path}${query}: ${answer.text}`);
    }
  }
  expect(faults).toEqual([]);
});

test('no write of any route lets beta change, use or see anything of alpha', async () => {
  const faults: string[] = [];
  const writes = foreignWrites(beta, alpha);
  async function attempt(method: string, path: string, body: unknown, allowed: boolean): Promise<void> {
    const answer = await beta.api.request(method, path, body === undefined ? {} : { body });
    const shown = leaks(answer, `${path} ${encodeURIComponent(JSON.stringify(body ?? null))}`);
    const told = `${method} ${path} ${JSON.stringify(body)} answers ${answer.status} ${answer.text.slice(0, 300)}`;
    if (shown.length > 0) faults.push(`${told} and shows ${shown.join()}`);
    if (allowed ? answer.status >= 300 : ![401, 403, 404, 409, 415].includes(answer.status)) faults.push(told);
  }
  for (const operation of operations.filter(({ method, name }) => method !== 'GET' && name !== signOut)) {
    if (operation.hasBody) {
      const known = writes[operation.name];
      if (known === undefined)
        throw new Error(`the walk has no body for ${operation.name}: add it to foreign-writes.ts`);
      for (const { path, body, allowed = false } of known)
        await attempt(operation.method, pathOf(operation, path === 'mine' ? beta : alpha), body, allowed);
    } else {
      const query = operation.query.includes('series')
        ? `?series=${alpha.ownSeries}&from=0&to=1`
        : operation.query.includes('clientId')
          ? '?clientId=kept'
          : '';
      await attempt(operation.method, `${pathOf(operation, alpha)}${query}`, undefined, false);
      if (parametersIn(operation) > 1)
        await attempt(operation.method, pathOf(operation, beta, alpha), undefined, false);
    }
  }
  expect(faults).toEqual([]);
  expect(await everything(alpha)).toEqual(before);
});

test('the flow shows a tenant nothing of what the whole platform has', async () => {
  const gamma = await platform.addTenant('gamma', 'gamma@example.com');
  const shown = async (of: { api: ApiClient }) => (await of.api.get('/api/v1/flow')) as Flow;
  for (const tenant of [alpha, beta, gamma])
    expect(await shown(tenant)).toMatchObject({
      ingest: { connections: null },
      log: { bytes: null, backlogRecords: null },
      storage: { bytes: null },
    });
  expect((await shown(gamma)).storage.samples).toBe(0);
  await until(async () => (await shown(alpha)).storage.samples > 0, 'alpha sees its own samples');
});

test('the last owner of a tenant stays, however many owners other tenants have', async () => {
  const { user } = await alpha.api.get('/api/v1/me');
  const { status, body } = await alpha.api.request('PATCH', `/api/v1/users/${user.id}`, { body: { role: 'viewer' } });
  expect([status, body.code]).toEqual([409, 'users.last-owner']);
});

test('a device key of beta writes nothing of alpha, by HTTP or MQTT', async () => {
  const headers = { authorization: `Bearer ${beta.thingKey}` };
  const machine = createApiClient(platform.url);
  for (const thing of [alpha.ids.thing, alpha.thingName]) {
    const answer = await machine.request('POST', '/api/v1/samples', { headers, body: { thing, values: { own: 1 } } });
    expect(answer.status).toBe(403);
  }
  for (const [username, password] of [
    [beta.ids.thing, beta.thingKey],
    [beta.ids.edge, beta.edgeKey],
  ]) {
    const client = await mqtt.connectAsync(platform.mqttUrl, { protocolVersion: 5, username, password });
    for (const series of alpha.series) {
      const sample = { series: toSeries(series), time: Date.now() * 1000, value: 1, quality: 0, simulated: false };
      const batch = Buffer.from(encodeBatch(toBatch([sample])));
      await expect(client.publishAsync(topics.batch, batch, { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
    }
    await client.endAsync();
  }
  const stolenName = mqtt.connectAsync(
    platform.mqttUrl,
    { protocolVersion: 5, username: alpha.ids.edge, password: beta.edgeKey, reconnectPeriod: 0 },
    false,
  );
  await expect(stolenName).rejects.toThrow();
  expect(await everything(alpha)).toEqual(before);
});

test('a device key opens no route but the one for samples', async () => {
  const machine = createApiClient(platform.url);
  const opened = await openedTo((operation) =>
    machine.request(operation.method, pathOf(operation, alpha), {
      headers: { authorization: `Bearer ${alpha.thingKey}` },
      ...(operation.hasBody ? { body: {} } : {}),
    }),
  );
  expect(opened).toEqual([...publicOperations, 'POST /api/v1/samples'].sort());
  // What it sent in vain stands with its thing, and nowhere else.
  const after = await everything(alpha);
  const changed = [...after].filter(([path, answer]) => before.get(path) !== answer).map(([path]) => path);
  const thing = `/api/v1/things/${alpha.ids.thing}`;
  expect(changed.sort()).toEqual([`${thing}/account?`, `${thing}/refused-values?`]);
  before = after;
});

test('without a session only the listed doors open', async () => {
  const nobody: ApiClient = createApiClient(platform.url);
  const opened = await openedTo(async (operation) => {
    const answer = await nobody.request(
      operation.method,
      pathOf(operation, alpha),
      operation.hasBody ? { body: {} } : {},
    );
    expect(leaks(answer, pathOf(operation, alpha)), operation.name).toEqual([]);
    return answer;
  });
  expect(opened).toEqual([...publicOperations].sort());
});

test('a viewer reads, and changes nothing but the own account', async () => {
  const refused = new Set<string>();
  for (const operation of operations.filter(({ name }) => name !== signOut)) {
    const { status } = await alpha.viewer.request(
      operation.method,
      pathOf(operation, alpha),
      operation.hasBody ? { body: {} } : {},
    );
    if (status === 403) refused.add(operation.name);
  }
  const free = [...publicOperations, 'PATCH /api/v1/me', signOut];
  const writes = operations
    .filter(({ method, name }) => method !== 'GET' && !free.includes(name))
    .map(({ name }) => name);
  const reads = [
    'GET /api/v1/access-keys',
    'GET /api/v1/mqtt-clients',
    'GET /api/v1/mqtt-clients/{owner}',
    'GET /api/v1/client-certificates',
    'GET /api/v1/things/{id}/keys',
    'GET /api/v1/users',
    'GET /api/v1/users/{id}',
    'GET /metrics',
    ...notForTenants,
  ];
  expect([...refused].sort()).toEqual([...writes, ...reads].sort());
  expect(await everything(alpha)).toEqual(before);
});

/** The operations that do not answer 401 or 403, sorted. */
async function openedTo(call: (operation: Operation) => Promise<Answer>): Promise<string[]> {
  const opened: string[] = [];
  for (const operation of operations) {
    const { status, text } = await call(operation);
    const refusal = status === 401 || status === 403 ? JSON.parse(text).code : null;
    if (!['session.required', 'permission.denied', 'metrics.denied'].includes(refusal)) opened.push(operation.name);
  }
  return opened.sort();
}
