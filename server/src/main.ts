import { createApp } from './app.ts';
import { readConfig, type ServerConfig } from './config.ts';
import { launcherOf } from './demo-plant/launcher.ts';
import { createLogLines, errorLine } from './platform/log-lines.ts';
import { StartRefusal, startRefusedExit } from './platform/start-refusal.ts';

/** The platform's process: configuration, the app, a clean stop on SIGINT and SIGTERM. */
async function main(): Promise<void> {
  const config = configured();
  const lines = createLogLines(config.logLevel, (line) => process.stderr.write(line));
  const launcher = launcherOf(process);
  const app = await createApp({ config, lines, launcher, nowUs, end });

  /** As if it were killed; with an error, so that whatever keeps it running starts it again. */
  function end(why: string): void {
    lines('error', 'ends', { why });
    process.exit(1);
  }
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    lines('info', 'stopping', { signal });
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        lines('error', 'did not stop cleanly', { cause: errorLine(error) });
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  if (launcher !== null) process.on('disconnect', () => stop('launcher gone'));

  const { httpPort, ...ports } = await app.start();
  const address = `http://${config.plainHost === '0.0.0.0' ? 'localhost' : config.plainHost}:${httpPort}`;
  lines('info', 'started', { address, ...ports });
  process.stdout.write(`${JSON.stringify({ ready: true, httpPort, ...ports })}\n`);
  const link = config.demo ? await demoLink() : null;
  if (config.demo) await app.firstSamples();
  const setupCode =
    config.roles.includes('api') && (await app.identity.setupNeeded()) ? app.identity.setupCode() : null;
  launcher?.announce(address, link === null ? null : `${address}/link/${link}`, setupCode);
  // Under systemd or in a container nobody else would say it. Not a log line: those hold no secrets.
  if (launcher === null && setupCode !== null)
    process.stderr.write(
      `首次设置：从其他计算机打开控制台，需要设置码 ${setupCode}（完成设置之前有效${config.shared ? '，每台服务器相同' : '，重启后更换'}）\n` +
        `First setup: from another computer the console asks for the setup code ${setupCode} (until it is set up; ${config.shared ? 'the same at every server' : 'a new one at each start'})\n`,
    );

  /** The demo's owner has no password: who reads the terminal signs in by the link. */
  async function demoLink(): Promise<string> {
    const [tenant] = await app.identity.tenants();
    if (tenant !== undefined) return app.identity.createSignInLink(await app.ownerOf(tenant.id));
    const owner = { name: '演示 Demo', email: 'demo@luban.invalid', password: null };
    const made = await app.identity.createTenant({
      name: '演示工厂 Demo plant',
      timeZone: 'Asia/Shanghai',
      language: 'zh',
      owner,
    });
    await app.startDemo(made.tenant);
    return app.identity.createSignInLink(made.user.id);
  }
}

/** Starting again would meet the same setting: a wrong one is for the operator to mend. */
function configured(): ServerConfig {
  try {
    return readConfig(process.env);
  } catch (cause) {
    const fault = errorLine(cause);
    throw new StartRefusal({ zh: `设置有误：${fault}`, en: `A setting is wrong: ${fault}` }, { cause });
  }
}

/** µs since 1970 UTC by the system's clock, also when it is set while we run: `performance.now()` would not notice. */
function nowUs(): number {
  return Date.now() * 1000;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof StartRefusal ? error.message : errorLine(error)}\n`);
  process.exit(error instanceof StartRefusal ? startRefusedExit : 1);
});
