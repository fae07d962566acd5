// npm test: everything that must hold, from a clean clone: lint, types, unit, integration, fault and browser tests.
// npm run test:faults: the fault runs of docs/faults.md at length.
// npm run test:cluster: the same product on PostgreSQL, NATS and ClickHouse.
// --all: npm test and npm run test:cluster, counted together. Each ends with a line of its own: N passed, N failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, say } from './launcher.mjs';

const faultRuns = process.argv.includes('--faults');
if (faultRuns) process.env.LUBAN_TEST_FAULTS = 'long';
const clusterOnly = process.argv.includes('--cluster');
const withCluster = clusterOnly || process.argv.includes('--all');

/**
 * What the tests need beyond npm: a path that shows that it is there, and Debian's package. `skippable`: the tests that
 * need it are skipped without it and say so.
 */
const embeddedTools = [
  { path: '/usr/bin/chromium', debian: 'chromium' },
  { path: '/usr/bin/openssl', debian: 'openssl' },
  { path: '/usr/bin/curl', debian: 'curl' },
  { path: '/usr/bin/mosquitto_pub', debian: 'mosquitto-clients' },
  { path: '/usr/sbin/mosquitto', debian: 'mosquitto' },
  { path: '/usr/lib/python3/dist-packages/pymodbus', debian: 'python3-pymodbus' },
  { path: '/usr/lib/python3/dist-packages/serial_asyncio', debian: 'python3-serial-asyncio' },
  { path: '/usr/bin/promtool', debian: 'prometheus' },
  { path: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc', debian: 'fonts-noto-cjk' },
  { path: '/usr/bin/strace', debian: 'strace', skippable: true },
  { path: '/usr/sbin/mkfs.ext4', debian: 'e2fsprogs', skippable: true },
  { path: '/usr/sbin/losetup', debian: 'mount', skippable: true },
  { path: '/usr/lib/python3/dist-packages/fusepy.py', debian: 'python3-fusepy', skippable: true },
  { path: '/usr/sbin/ip', debian: 'iproute2', skippable: true },
  { path: '/usr/sbin/iptables', debian: 'iptables', skippable: true },
  { path: '/usr/bin/faketime', debian: 'faketime', skippable: true },
];
/** One of the fault runs is of a whole cluster. */
const enginesOfCluster = [
  { path: '/usr/lib/postgresql/15/bin/postgres', debian: 'postgresql-15' },
  { path: '/usr/sbin/nats-server', debian: 'nats-server' },
];
const clusterTools = [
  ...enginesOfCluster,
  { path: '/usr/sbin/clickhouse-server', debian: 'clickhouse-server' },
  { path: '/usr/share/java/zookeeper.jar', debian: 'zookeeper', skippable: true },
];
const tools = [
  ...(clusterOnly ? [] : embeddedTools),
  ...(faultRuns ? enginesOfCluster : []),
  ...(withCluster ? clusterTools : []),
];

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options }).status === 0;
}

function installTools() {
  const absent = tools.filter(({ path }) => !existsSync(path));
  const missing = absent.map(({ debian }) => debian);
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say(`正在安装测试所需软件包：${missing.join(' ')}`, `Installing what the tests need: ${missing.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    if (run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env })) return;
  }
  say(
    `测试需要这些软件包，请先安装：sudo apt-get install ${missing.join(' ')}`,
    `The tests need these packages; install them first: sudo apt-get install ${missing.join(' ')}`,
  );
  if (!absent.every(({ skippable }) => skippable)) process.exit(1);
}

/** Each check counts as one test: it passes or fails. */
const checks =
  faultRuns || clusterOnly
    ? []
    : [
        ['lint', 'npx', ['biome', 'check', '--error-on-warnings', '.']],
        ['unused code', 'npx', ['knip']],
        ['types', 'npm', ['run', '--silent', 'types']],
      ];

prepare();
installTools();
let passed = 0;
let failed = 0;
for (const [name, command, args] of checks) {
  console.log(`\n— ${name}`);
  if (run(command, args)) passed++;
  else failed++;
}
let skipped = 0;
if (!clusterOnly) runTests('tests', 'vitest.config.ts');
if (withCluster) runTests('cluster tests', 'vitest.cluster.config.ts');
const unrun = skipped > 0 ? `, ${skipped} skipped` : '';
console.log(`\n${passed} passed, ${failed} failed${unrun}`);
process.exit(failed === 0 ? 0 : 1);

/** Runs one configuration of vitest and counts what it reports. */
function runTests(name, config) {
  console.log(`\n— ${name}`);
  const report = join(mkdtempSync(join(tmpdir(), 'luban-test-')), 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const whole = run('npx', ['vitest', 'run', '--config', config, ...reporters]);
  const counted = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  passed += counted.numPassedTests;
  failed += counted.numFailedTests;
  skipped += counted.numPendingTests;
  // A file that does not load or an error outside any test fails the run without failing a test.
  if (!whole && counted.numFailedTests === 0) failed++;
}
