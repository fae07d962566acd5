// npm test: everything that must hold, from a clean clone: lint, types, unit, integration, fault and browser tests.
// npm run test:faults: the fault runs of docs/faults.md at length. Both end with a line of their own: N passed, N failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, say } from './launcher.mjs';

/**
 * What the tests need beyond npm: a path that shows that it is there, and Debian's package. `skippable`: the tests that
 * need it are skipped without it and say so.
 */
const tools = [
  { path: '/usr/bin/chromium', debian: 'chromium' },
  { path: '/usr/bin/mosquitto_pub', debian: 'mosquitto-clients' },
  { path: '/usr/sbin/mosquitto', debian: 'mosquitto' },
  { path: '/usr/lib/python3/dist-packages/pymodbus', debian: 'python3-pymodbus' },
  { path: '/usr/lib/python3/dist-packages/serial_asyncio', debian: 'python3-serial-asyncio' },
  { path: '/usr/bin/promtool', debian: 'prometheus' },
  { path: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc', debian: 'fonts-noto-cjk' },
  { path: '/usr/bin/strace', debian: 'strace', skippable: true },
  { path: '/usr/sbin/mkfs.ext4', debian: 'e2fsprogs', skippable: true },
  { path: '/usr/sbin/losetup', debian: 'mount', skippable: true },
  { path: '/usr/sbin/ip', debian: 'iproute2', skippable: true },
  { path: '/usr/sbin/iptables', debian: 'iptables', skippable: true },
  { path: '/usr/bin/faketime', debian: 'faketime', skippable: true },
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

const faultRuns = process.argv.includes('--faults');
if (faultRuns) process.env.LUBAN_TEST_FAULTS = 'long';

/** Each check counts as one test: it passes or fails. */
const checks = faultRuns
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
console.log('\n— tests');
const report = join(mkdtempSync(join(tmpdir(), 'luban-test-')), 'report.json');
const whole = run('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
const counted = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
passed += counted.numPassedTests;
failed += counted.numFailedTests;
// A file that does not load or an error outside any test fails the run without failing a test.
if (!whole && counted.numFailedTests === 0) failed++;
const skipped = counted.numPendingTests > 0 ? `, ${counted.numPendingTests} skipped` : '';
console.log(`\n${passed} passed, ${failed} failed${skipped}`);
process.exit(failed === 0 ? 0 : 1);
