// Starts the platform and, where they are wanted, the simulated plant and an edge; starts again what dies; stops all.
// Plain JavaScript: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isStale } from './stale.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} zh @param {string} en */
export function say(zh, en) {
  console.log(`${zh}\n${en}\n`);
}

/** Runs a command to its end; a failure ends the launch with the command's own words. */
function run(command, args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs what is missing and builds the console if a source is newer than it. */
export function prepare() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs) {
    say('正在安装依赖（首次约一分钟）…', 'Installing what is missing (about a minute the first time) …');
    run('npm', ['ci', '--no-audit', '--no-fund']);
  }
  const page = join(root, 'console', 'dist', 'index.html');
  if (
    isStale(
      page,
      ['console/src', 'console/index.html', 'console/vite.config.ts', 'contracts/src'].map((path) => join(root, path)),
    )
  ) {
    say('正在构建控制台…', 'Building the console …');
    run('npm', ['run', 'build', '-w', 'console', '--silent']);
  }
}

/** The first free port from `wanted` on, so that a demo starts beside whatever runs already. */
export async function freePort(wanted) {
  for (let port = wanted; port < wanted + 50; port++) {
    const free = await new Promise((resolve) => {
      const probe = createServer().once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error(`no free port from ${wanted} to ${wanted + 49}`);
}

/**
 * Starts the platform with `environment` and does what it asks for, until a signal ends the process.
 * `announce` gets { address, link, setupCode }.
 */
export async function launch(environment, announce) {
  const data = environment.LUBAN_DATA;
  const stateFile = join(data, 'launcher.json');
  mkdirSync(data, { recursive: true });
  const state = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) : {};
  const children = new Map();
  let stopping = false;

  function remember(change) {
    Object.assign(state, change);
    writeFileSync(`${stateFile}.new`, JSON.stringify(state));
    renameSync(`${stateFile}.new`, stateFile);
  }

  /** Starts a process and starts it again when it dies, at most every two seconds. */
  function keep(name, args, env, listen) {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      // Ctrl-C in a terminal goes to a whole process group: here to the launcher alone, which stops the others in order.
      detached: true,
    });
    children.set(name, child);
    // A process that cannot be started or spoken to is one that dies: without a listener it would end the launcher too.
    child.on('error', (error) => console.error(`${name}: ${error.message}`));
    listen?.(child);
    child.once('exit', (code, signal) => {
      children.delete(name);
      if (stopping) return;
      // It has said what its operator must mend (server/src/platform/start-refusal.ts); trying again would not.
      if (name === 'platform' && code === 78) return void stop(1);
      say(
        `${name} 意外退出（${signal ?? code}），两秒后重启…`,
        `${name} ended (${signal ?? code}); starting it again in two seconds …`,
      );
      setTimeout(() => stopping || keep(name, args, env, listen), 2000);
    });
    return child;
  }

  /** The edge tells all that it does; the terminal shows what went wrong, the console's page of the edge the rest. */
  function showErrors(child) {
    createInterface({ input: child.stdout }).on(
      'line',
      (line) => line.includes('"level":"error"') && console.error(line),
    );
  }

  async function startPlant() {
    if (children.has('plant')) return state.plant;
    if (state.plant === undefined)
      remember({ plant: { modbusPort: await freePort(15_502), opcuaPort: await freePort(14_840) } });
    const { modbusPort, opcuaPort } = state.plant;
    const args = [
      'plant/src/main.ts',
      '--modbus-port',
      String(modbusPort),
      '--opcua-port',
      String(opcuaPort),
      '--data',
      join(data, 'plant'),
    ];
    const ready = new Promise((resolve) => {
      keep('plant', args, {}, (child) =>
        child.stdout.on('data', (text) => String(text).includes('"ready"') && resolve(undefined)),
      );
    });
    await ready;
    return state.plant;
  }

  function startEdge(token) {
    remember({ edge: true });
    const env = {
      LUBAN_EDGE_DATA: join(data, 'edge'),
      LUBAN_PLATFORM: `http://127.0.0.1:${environment.LUBAN_HTTP_PORT}`,
      LUBAN_MQTT: `mqtt://127.0.0.1:${environment.LUBAN_MQTT_PORT}`,
      ...(token === undefined ? {} : { LUBAN_ENROLMENT_TOKEN: token }),
    };
    keep('edge', ['edge/src/main.ts'], env, showErrors);
  }

  keep('platform', ['server/src/main.ts'], environment, (child) => {
    child.stdout.resume();
    child.on('message', (message) => {
      answer(child, message).catch((error) => console.error(`${message.type}: ${error.message}`));
    });
  });
  process.on('SIGINT', () => stop(0));
  process.on('SIGTERM', () => stop(0));
  if (state.plant !== undefined) await startPlant();
  if (state.edge) startEdge();

  /** Does what the platform asks for; it may be gone when that is done. */
  async function answer(platform, message) {
    if (message.type === 'start-plant') {
      const ports = await startPlant();
      if (platform.connected) platform.send({ type: 'plant-started', ...ports });
    }
    if (message.type === 'start-edge') startEdge(message.token);
    if (message.type === 'announce') announce(message);
  }

  /** In the order of the path, so that no one sees the one before it as broken: edge, platform, plant. */
  async function stop(exitCode) {
    if (stopping) return;
    stopping = true;
    say('正在停止…', 'Stopping …');
    for (const name of ['edge', 'platform', 'plant']) {
      const child = children.get(name);
      if (child === undefined) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      const deadline = setTimeout(() => child.kill('SIGKILL'), 15_000);
      child.kill('SIGTERM');
      await gone;
      clearTimeout(deadline);
    }
    process.exit(exitCode);
  }
}
