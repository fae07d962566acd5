import { execFileSync } from 'node:child_process';
import type { IssuedAccessKey } from '@luban/contracts';
import { expect, test } from 'vitest';
import { connectCommand } from './connect-command.ts';

const key = { id: 'access:0', secret: 's', publish: [], subscribe: [], mqttPort: 1883, mqttTlsPort: null };
const command = (change: object) => connectCommand({ ...key, ...change } as unknown as IssuedAccessKey, 'plant');

test('the command publishes to a topic that the first filter names', () => {
  expect(command({ publish: ['mes/+/%c/#'] })).toBe(
    "mosquitto_pub -h plant -p 1883 -i client-1 -u 'access:0' -P 's' -q 1 -t 'mes/a/client-1/test' -m 'hello'",
  );
});

test('a key that only listens gets a command that listens, by TLS where there is TLS', () => {
  expect(command({ subscribe: ['things/#'], mqttTlsPort: 8883 })).toBe(
    "mosquitto_sub -h plant -p 8883 --cafile ca.pem -i client-1 -u 'access:0' -P 's' -q 1 -v -t 'things/#'",
  );
});

test('no topic breaks out of the shell’s quotes', () => {
  const made = command({ publish: ["a'; echo broken; '"] }).replace('mosquitto_pub', "printf '%s\\n'");
  expect(execFileSync('sh', ['-c', made], { encoding: 'utf8' })).toContain("a'; echo broken; '\n-m");
});
