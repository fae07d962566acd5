import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Launched, launch } from './launched.ts';
import { openBrowser, openPage, overflow } from './pages.ts';

let demo: Launched;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  demo = await launch('demo');
  browser = await openBrowser();
  const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1440, height: 900 } });
  ({ page, faults } = await openPage(context));
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

const text = () => page.locator('body').innerText();

describe('the demo, for a newcomer', () => {
  test('signs in by its one-time link and shows values that flow', async () => {
    await page.goto(demo.link!);
    await page.waitForURL(`${demo.address}/`);
    await expect.poll(text, { timeout: 20_000 }).toContain('/ 9 在线');
    await expect.poll(text, { timeout: 30_000 }).toContain('1 号加工中心');
  });

  test('cannot be signed in to by the same link twice', async () => {
    const other = await browser.newContext({ locale: 'en-GB' });
    const { page: second } = await openPage(other);
    await second.goto(demo.link!);
    await expect.poll(() => second.locator('body').innerText()).toContain('was used or has expired');
    await other.close();
  });

  test('shows a machine’s values change by themselves, with unit and quality', async () => {
    const id = await thingId('CNC-01');
    await page.goto(`${demo.address}/things/${id}`);
    await expect.poll(text, { timeout: 20_000 }).toContain('主轴转速');
    await expect.poll(text, { timeout: 20_000 }).toContain('r/min');
    expect(await text()).toContain('模拟');
    const before = await text();
    await expect.poll(async () => (await text()) !== before, { timeout: 15_000 }).toBe(true);
  });

  test.each(['/', '/things', '/edges', '/explorer?series=1,5&last=5m', '/users', '/servers'])(
    'shows %s in both languages, dark, and at 390 px without sideways scrolling',
    async (path) => {
      await page.goto(demo.address + path);
      await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => undefined); // the live socket keeps some pages busy
      expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN');
      for (const language of ['en', 'zh']) {
        await page.evaluate(`localStorage.setItem('luban.language', '${language}')`);
        await page.emulateMedia({ colorScheme: language === 'en' ? 'dark' : 'light' });
        await page.setViewportSize({ width: 390, height: 844 });
        await page.reload();
        await expect.poll(() => page.locator('h1').count(), { timeout: 15_000 }).toBeGreaterThan(0);
        const heading = await page.locator('h1').first().innerText();
        expect(/[\u4e00-\u9fff]/.test(heading)).toBe(language === 'zh');
        expect(await overflow(page)).toBeLessThanOrEqual(0);
      }
      await page.setViewportSize({ width: 1440, height: 900 });
      expect(faults).toEqual([]);
    },
  );

  test('exports history as CSV with offset times', async () => {
    const toUs = Date.now() * 1000;
    const csv = await page.evaluate(
      `fetch('/api/v1/readings/export.csv?series=1&from=${toUs - 60_000_000}&to=${toUs}&zone=Asia/Shanghai').then((answer) => answer.text())`,
    );
    expect(csv).toMatch(
      /time,thing,property,value,unit,quality,reason,simulated\r\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+08:00,CNC-01,/,
    );
  });

  test('says so when the platform stops, and goes on by itself when it is back', async () => {
    await page.goto(demo.address);
    await expect.poll(text, { timeout: 20_000 }).toContain('实时');
    process.kill(demo.processes().get('server/src/main.ts')!, 'SIGSTOP');
    try {
      await expect.poll(text, { timeout: 30_000 }).toMatch(/平台自 .* 起没有应答/);
    } finally {
      process.kill(demo.processes().get('server/src/main.ts')!, 'SIGKILL');
    }
    await expect.poll(text, { timeout: 40_000 }).not.toMatch(/起没有应答/);
    await expect.poll(text, { timeout: 40_000 }).toContain('/ 9 在线');
  }, 180_000);

  test('stops all of it cleanly by Ctrl-C', async () => {
    const processes = [...demo.processes().values()];
    expect(processes).toHaveLength(3);
    expect(await demo.stop()).toBe(0);
    expect(processes.filter((id) => existsSync(`/proc/${id}`))).toEqual([]);
  });
});

async function thingId(key: string): Promise<string> {
  const found = (await page.evaluate(`fetch('/api/v1/things?q=${key}').then((answer) => answer.json())`)) as {
    items: { id: string }[];
  };
  return found.items[0]!.id;
}
