// npm run demo: the platform, an edge and a simulated plant on this machine, with data in data/demo.
import { join } from 'node:path';
import { freePort, launch, prepare, root, say } from './launcher.mjs';

prepare();
say('正在启动平台、边缘网关和模拟工厂…', 'Starting the platform, an edge and the simulated plant …');
const environment = {
  LUBAN_DATA: process.env.LUBAN_DATA ?? join(root, 'data', 'demo'),
  LUBAN_HTTP_PORT: process.env.LUBAN_HTTP_PORT ?? String(await freePort(8080)),
  LUBAN_MQTT_PORT: process.env.LUBAN_MQTT_PORT ?? String(await freePort(1883)),
  LUBAN_LOG_LEVEL: process.env.LUBAN_LOG_LEVEL ?? 'warn',
  LUBAN_DEMO: '1',
};
await launch(environment, ({ address, link }) =>
  say(
    `鲁班已就绪，数据正在流动：${address}\n一次性登录链接（15 分钟内有效）：\n  ${link}\n按 Ctrl-C 全部停止。`,
    `Luban is ready and values flow: ${address}\nOne-time sign-in link (good for 15 minutes):\n  ${link}\nCtrl-C stops everything.`,
  ),
);
