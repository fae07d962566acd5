import mqtt from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Launched, launch } from './launched.ts';
import { openBrowser, openPage } from './pages.ts';

let platform: Launched;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  platform = await launch('start', { LUBAN_HTTP_PORT: '0', LUBAN_MQTT_PORT: '0' });
  browser = await openBrowser();
  ({ page, faults } = await openPage(await browser.newContext({ locale: 'en-GB' })));
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

const text = () => page.locator('body').innerText();

test('the first visit opens the wizard; with the keyboard alone an owner is made and is signed in', async () => {
  await page.goto(platform.address);
  await expect.poll(text).toContain('Set up Luban');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Your name').fill('Lu Ban');
  await page.getByLabel(/Email/).fill('owner@plant.example');
  await page
    .getByLabel(/Password/)
    .first()
    .fill('a long enough password');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Name of the plant').fill('Suzhou Works 1');
  await page.getByRole('button', { name: 'Finish' }).click();
  await expect.poll(text, { timeout: 15_000 }).toContain('Overview');
  expect(await text()).toContain('Suzhou Works 1');
});

test('an empty platform says what to do next', async () => {
  await page.goto(`${platform.address}/edges`);
  await expect.poll(text).toMatch(/Add an edge/);
});

test('the owner signs in with the password, and a wrong one is refused in words', async () => {
  const context = await browser.newContext({ locale: 'zh-CN' });
  const { page: other } = await openPage(context);
  await other.goto(platform.address);
  await other.getByLabel(/邮箱/).fill('owner@plant.example');
  await other.getByLabel(/密码/).first().fill('not the password');
  await other.keyboard.press('Enter');
  await expect.poll(() => other.locator('body').innerText()).toContain('邮箱或密码不正确');
  await other.getByLabel(/密码/).first().fill('a long enough password');
  await other.keyboard.press('Enter');
  await expect.poll(() => other.locator('body').innerText(), { timeout: 15_000 }).toContain('总览');
  expect(faults).toEqual([]);
  await context.close();
});

test('the owner sees an MQTT client that is away with what waits for it, and ends its session', async () => {
  const key = (await page.evaluate(`fetch('/api/v1/access-keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-luban-request': '1' },
    body: JSON.stringify({ name: 'MES orders', publish: ['#'], subscribe: ['#'] }),
  }).then((answer) => answer.json())`)) as { secret: string; mqttPort: number };
  const connect = (clientId: string) =>
    mqtt.connectAsync(`mqtt://127.0.0.1:${key.mqttPort}`, {
      ...{ protocolVersion: 5, username: 'any', password: key.secret, clientId, clean: false },
      properties: { sessionExpiryInterval: 3600 },
    });
  const reader = await connect('mes/reader');
  await reader.subscribeAsync('orders/#', { qos: 1 });
  await reader.endAsync();
  const sender = await connect('sender');
  await sender.publishAsync('orders/1', 'x', { qos: 1 });
  await sender.endAsync();
  await page.goto(`${platform.address}/mqtt-clients`);
  const row = page.getByRole('row').filter({ hasText: 'mes/reader' });
  await expect.poll(() => row.innerText()).toMatch(/MES orders[\s\S]*Away[\s\S]*Session ends/);
  expect(await row.locator('td').nth(3).innerText()).toMatch(/^1\b/);
  await row.getByRole('button', { name: /Subscriptions/ }).click();
  await expect.poll(text).toMatch(/orders\/# QoS 1/);
  await row.getByRole('button', { name: 'End' }).click();
  await expect.poll(text).toContain('waiting messages (1) are deleted');
  await page.getByRole('button', { name: 'End the session' }).click();
  await expect.poll(() => row.count()).toBe(0);
  expect(await text()).toContain('sender');
  expect(faults).toEqual([]);
});

test('of two who have the settings of one thing open the second is told, and loads again what the first saved', async () => {
  const call = (method: string, path: string, body: object) =>
    page.evaluate(`fetch('/api/v1${path}', {
      method: '${method}',
      headers: { 'content-type': 'application/json', 'x-luban-request': '1' },
      body: ${JSON.stringify(JSON.stringify(body))},
    }).then((answer) => answer.json())`) as Promise<{ id: string; name: string }>;
  const name = { zh: '泵', en: 'Pump' };
  const properties = [{ key: 'p', name, type: 'number', unit: null, range: null }];
  const model = await call('POST', '/thing-models', { key: 'pump', name, properties });
  const thing = await call('POST', '/things', { key: 'P-1', name: 'Pump 1', model: model.id, site: null });

  await page.goto(`${platform.address}/things/${thing.id}?tab=settings`);
  const field = page.getByLabel('Name', { exact: true });
  await expect.poll(() => field.inputValue()).toBe('Pump 1');
  await call('PATCH', `/things/${thing.id}`, { name: 'Pump of the first' });
  await field.fill('Pump of the second');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect.poll(text).toContain('Somebody else has changed it meanwhile');
  expect((await call('PATCH', `/things/${thing.id}`, {})).name).toBe('Pump of the first');
  expect(faults).toEqual([]);

  await page.getByRole('button', { name: 'Load again' }).click();
  await expect.poll(() => field.inputValue()).toBe('Pump of the first');
  for (const turn of ['Pump of both', 'Pump of both, again']) {
    await field.fill(turn);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await call('PATCH', `/things/${thing.id}`, {})).name).toBe(turn);
  }
});

test('Save pressed again after the answer was lost makes no second place', async () => {
  await page.goto(`${platform.address}/things`);
  await page.getByRole('button', { name: 'Add a place' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Name', { exact: true }).fill('Hall 7');
  let lost = 0;
  await page.route('**/api/v1/sites', async (route) => {
    if (route.request().method() !== 'POST' || lost++ > 0) return route.fallback();
    await route.fetch();
    return route.abort();
  });
  await form.getByRole('button', { name: 'Save' }).click();
  await expect.poll(text).toContain('The platform does not answer');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect.poll(() => form.count()).toBe(0);
  expect(lost).toBe(2);
  await page.unroute('**/api/v1/sites');
  const sites = (await page.evaluate(`fetch('/api/v1/sites').then((answer) => answer.json())`)) as {
    items: { name: string }[];
  };
  expect(sites.items.filter(({ name }) => name === 'Hall 7').length).toBe(1);
});
