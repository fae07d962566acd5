import { execFile, spawn } from 'node:child_process';
import mqtt from 'mqtt';
import { afterEach, expect, test } from 'vitest';
import { type DoorFixture, openDoor } from './door-fixture.ts';

let fixture: DoorFixture | undefined;
afterEach(async () => {
  await fixture?.door.stop();
  fixture = undefined;
});

function run(program: string, args: readonly string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, text: stdout + stderr });
    });
  });
}

const versions = [
  ['311', 0],
  ['311', 1],
  ['5', 0],
  ['5', 1],
] as const;

test.each(versions)('mosquitto_pub %s publishes at QoS %i', async (version, qos) => {
  fixture = await openDoor();
  const { code, text } = await run('mosquitto_pub', [
    ...['-h', '127.0.0.1', '-p', `${fixture.port}`, '-V', version, '-q', `${qos}`, '-i', 'pump'],
    ...['-u', 'line-1', '-P', 'secret', '-t', 'plant/值', '-m', '21.5'],
  ]);
  expect({ code, text }).toEqual({ code: 0, text: '' });
  // At QoS 0 the program may be gone before its message has been read here.
  await expect.poll(() => fixture?.messages).toEqual([{ clientId: 'pump', topic: 'plant/值', payload: '21.5' }]);
});

test.each(versions)('mosquitto_sub %s gets a configuration at QoS %i once it has subscribed', async (version, qos) => {
  let delivered: Promise<boolean> | undefined;
  fixture = await openDoor(
    {},
    {
      subscribed: (peer, topic) => {
        delivered = peer.publish(topic, Buffer.from('{"rate":5}'), 1);
      },
    },
  );
  const { code, text } = await run('mosquitto_sub', [
    ...['-h', '127.0.0.1', '-p', `${fixture.port}`, '-V', version, '-q', `${qos}`, '-C', '1'],
    ...['-u', 'line-1', '-P', 'secret', '-t', 'luban/v1/config'],
  ]);
  expect({ code, text }).toEqual({ code: 0, text: '{"rate":5}\n' });
  expect(await delivered).toBe(true);
});

test.each([
  ['311', /not authorised|bad user name/i],
  ['5', /Bad User Name or Password/i],
] as const)('mosquitto_pub %s with a wrong password is told so', async (version, message) => {
  fixture = await openDoor();
  const { code, text } = await run('mosquitto_pub', [
    ...['-h', '127.0.0.1', '-p', `${fixture.port}`, '-V', version, '-q', '1'],
    ...['-u', 'line-1', '-P', 'wrong', '-t', 'a', '-m', 'x'],
  ]);
  expect(code).not.toBe(0);
  expect(text).toMatch(message);
  expect(fixture.messages).toEqual([]);
  expect(fixture.door.stats().refused).toEqual({ 'bad-credentials': 1 });
});

test('mosquitto_pub sends a thousand lines at QoS 1 and all arrive in order', async () => {
  fixture = await openDoor({ receiveMaximum: 10 });
  const child = spawn('mosquitto_pub', [
    ...['-h', '127.0.0.1', '-p', `${fixture.port}`, '-V', '5', '-q', '1', '-u', 'line-1', '-P', 'secret'],
    ...['-t', 'a/b', '-l'],
  ]);
  const lines = Array.from({ length: 1000 }, (_, index) => `${index}`);
  child.stdin.end(`${lines.join('\n')}\n`);
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
  expect(fixture.messages.map((message) => message.payload)).toEqual(lines);
});

test.each([4, 5] as const)('MQTT.js version %i publishes, subscribes and gets commands', async (protocolVersion) => {
  fixture = await openDoor();
  const client = await mqtt.connectAsync({
    ...{ host: '127.0.0.1', port: fixture.port, protocolVersion, clientId: 'js', reconnectPeriod: 0 },
    ...{ username: 'line-1', password: 'secret' },
  });
  const got: string[] = [];
  client.on('message', (topic, payload) => got.push(`${topic} ${payload}`));
  await client.subscribeAsync('luban/v1/commands', { qos: 1 });
  await client.publishAsync('a/b', 'one', { qos: 1 });
  await client.publishAsync('a/b', 'two', { qos: 0 });
  const [peer] = [...fixture.door.peers()];
  expect(peer?.identity).toBe('line-1');
  expect(await peer?.publish('luban/v1/commands', Buffer.from('stop'), 1)).toBe(true);
  expect(await peer?.publish('luban/v1/commands', Buffer.from('go'), 0)).toBe(true);
  expect(await peer?.publish('luban/v1/other', Buffer.from('nobody asked'), 1)).toBe(false);
  await expect.poll(() => got).toEqual(['luban/v1/commands stop', 'luban/v1/commands go']);
  await client.unsubscribeAsync('luban/v1/commands');
  expect(await peer?.publish('luban/v1/commands', Buffer.from('late'), 1)).toBe(false);
  await expect.poll(() => fixture?.messages.map((message) => message.payload)).toEqual(['one', 'two']);
  await client.endAsync();
  await expect.poll(() => fixture?.closed).toEqual(['the client said goodbye']);
  expect(await peer?.publish('luban/v1/commands', Buffer.from('gone'), 1)).toBe(false);
});

test('MQTT.js hears why its MQTT 5 publish was not taken and publishes on', async () => {
  fixture = await openDoor(
    {},
    {
      publish: async (_peer, topic) =>
        topic === 'bad' ? { ok: false, reason: 'malformed', message: 'no time in it' } : { ok: true },
    },
  );
  const client = await mqtt.connectAsync({
    ...{ host: '127.0.0.1', port: fixture.port, protocolVersion: 5, reconnectPeriod: 0 },
    ...{ username: 'line-1', password: 'secret' },
  });
  await expect(client.publishAsync('bad', 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x99 });
  await client.publishAsync('good', 'x', { qos: 1 });
  await client.endAsync();
  expect(fixture.door.stats().refused).toEqual({ 'payload-invalid': 1 });
});
