// npm start: the platform alone, for real use. Settings come from the environment (see server/src/config.ts).
import { join } from 'node:path';
import { launch, prepare, root, say } from './launcher.mjs';

prepare();
const environment = {
  LUBAN_DATA: process.env.LUBAN_DATA ?? join(root, 'data', 'platform'),
  LUBAN_HTTP_PORT: process.env.LUBAN_HTTP_PORT ?? '8080',
  LUBAN_MQTT_PORT: process.env.LUBAN_MQTT_PORT ?? '1883',
};
await launch(environment, ({ address, setupCode }) => {
  say(`鲁班已就绪：${address}`, `Luban is ready: ${address}`);
  if (setupCode !== null)
    say(
      `首次设置请打开上面的地址；从其他计算机设置需要设置码：${setupCode}`,
      `Open it for the first setup; from another computer it asks for the setup code: ${setupCode}`,
    );
});
