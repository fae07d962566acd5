import { setTimeout } from 'node:timers/promises';
import type { LiveMessage } from '@luban/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { type InProcessPlatform, startInProcess } from './fixtures/in-process-platform.ts';
import { type PopulatedTenant, populateTenant } from './fixtures/populated-tenant.ts';
import { until } from './fixtures/until.ts';

let platform: InProcessPlatform;
let alpha: PopulatedTenant;
let beta: PopulatedTenant;
beforeAll(async () => {
  platform = await startInProcess();
  alpha = await populateTenant(platform, 'ALPHA7QX', 73_511.125);
  beta = await populateTenant(platform, 'BETA9ZK', 4.5);
});
afterAll(() => platform.stop());

const address = () => `${platform.url.replace('http', 'ws')}/api/v1/live`;

/** Opens a socket and hears everything on it. */
async function watch(cookie: string) {
  const heard: string[] = [];
  const socket = new WebSocket(address(), { headers: { cookie } });
  socket.on('message', (data) => heard.push(String(data)));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    heard,
    messages: () => heard.map((one) => JSON.parse(one) as LiveMessage),
    ask: (wanted: object) => socket.send(JSON.stringify(wanted)),
    closed: new Promise<number>((resolve) => socket.once('close', resolve)),
    close: () => socket.terminate(),
  };
}

/** The status with which an upgrade is refused; 101 when it is not. */
function upgradeStatus(options: ClientOptions, path = ''): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${address()}${path}`, options);
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    socket.on('error', () => undefined); // said again by the response
  });
}

test('a watcher of another tenant hears its own values and nothing of alpha', async () => {
  const spy = await watch(beta.api.cookie());
  const own = await watch(alpha.api.cookie());
  const everySeries = [...alpha.series, ...beta.series];
  for (const watcher of [spy, own]) watcher.ask({ series: everySeries, flow: true, edges: true });
  await until(() => spy.messages().some(({ type }) => type === 'edges'), 'the spy is answered');
  for (let value = 0; value < 10; value++) {
    await alpha.api.post('/api/v1/samples', { thing: alpha.ids.thing, values: { own: 73_000.5 + value } });
    await beta.api.post('/api/v1/samples', { thing: beta.ids.thing, values: { own: value } });
    await setTimeout(50);
  }
  const series = (watcher: typeof spy) =>
    new Set(
      watcher.messages().flatMap((one) => (one.type === 'readings' ? one.readings.map((each) => each.series) : [])),
    );
  await until(() => series(spy).size > 0 && series(own).size > 0, 'both hear their own values');
  await setTimeout(1000);
  expect([...series(spy)]).toEqual([beta.ownSeries]);
  expect([...series(own)]).toEqual([alpha.ownSeries]);
  const all = spy.heard.join('\n');
  for (const one of [...alpha.private, '73000.5', '73009.5']) expect(all).not.toContain(one);
  spy.close();
  own.close();
});

test('without a session, with a wrong one, and from a foreign page nobody watches', async () => {
  const cookie = alpha.api.cookie();
  expect(await upgradeStatus({ headers: { cookie } })).toBe(101);
  expect(await upgradeStatus({ headers: { cookie }, origin: platform.url })).toBe(101);
  expect(await upgradeStatus({})).toBe(401);
  expect(await upgradeStatus({ headers: { cookie: 'luban_session=forged' } })).toBe(401);
  expect(await upgradeStatus({ headers: { cookie }, origin: 'https://evil.example' })).toBe(401);
  expect(await upgradeStatus({ headers: { cookie }, origin: 'null' })).toBe(401);
  expect(await upgradeStatus({ headers: { authorization: `Bearer ${alpha.thingKey}` } })).toBe(401);
  expect(await upgradeStatus({ headers: { cookie } }, 'x')).toBe(404);
});

test('bad requests are told why, and signing out ends the socket', async () => {
  const watcher = await watch(alpha.viewer.cookie());
  for (const wanted of [{ series: ['1'] }, { series: [0] }, { series: 7 }]) watcher.ask(wanted);
  await until(() => watcher.messages().filter(({ type }) => type === 'refused').length === 3, 'three refusals');
  await alpha.viewer.delete('/api/v1/sessions/current');
  expect(await watcher.closed).toBe(4401);
}, 30_000);
