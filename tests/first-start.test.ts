import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode } from './fixtures/node-process.ts';
import { createPlatform, type Platform } from './fixtures/platform-process.ts';
import { until } from './fixtures/until.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await createPlatform();
  await platform.start();
});
afterAll(() => platform.remove());

/** As a proxy passes on what comes from another computer. */
function setUp(code?: string) {
  return fetch(`${platform.url}/api/v1/setup`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-luban-request': '1',
      'x-forwarded-for': '10.0.0.7',
      ...(code === undefined ? {} : { 'x-luban-setup-code': code }),
    },
    body: JSON.stringify({
      language: 'zh',
      owner: { name: '王芳', email: 'wang@example.com', password: 'a long enough password' },
      plant: { name: '一号工厂', timeZone: 'Asia/Shanghai' },
      demoPlant: false,
    }),
  });
}
const shownCode = () => /setup code (\S+)/.exec(platform.output())?.[1];

test('a platform without a launcher prints the code that its first setup from another computer needs, until it is set up', async () => {
  await until(async () => shownCode() !== undefined, 'a setup code in its output');
  expect(platform.output()).toContain(`设置码 ${shownCode()}`);
  expect((await setUp()).status).toBe(403);
  const done = await setUp(shownCode());
  expect(done.status, await done.text()).toBe(200);
  await platform.stop();
  await platform.start();
  expect(await fetch(`${platform.url}/api/v1/setup`).then((answer) => answer.json())).toEqual({ needed: false });
  expect(shownCode()).toBeUndefined();
});

test('a wrong setting refuses the start by name, in both languages, and with the exit code that no service tries again', async () => {
  const wrong = startNode('server/src/main.ts', { LUBAN_DATA: platform.dataDirectory, LUBAN_HTTP_PROT: '8080' });
  await expect(wrong.ready).rejects.toThrow(
    /ended \(78\).*设置有误.*LUBAN_HTTP_PROT.*A setting is wrong.*LUBAN_HTTP_PROT/s,
  );
});
