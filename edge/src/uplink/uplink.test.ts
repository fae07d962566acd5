import { type AddressInfo, createServer } from 'node:net';
import { type Cause, newId, topics } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Broker, createBroker, createListener, until } from '../broker-fixture.ts';
import { publishOutcome } from './outcome.ts';
import { createUplink } from './uplink.ts';

let broker: Broker | null = null;
let causes: Cause[];
beforeEach(() => {
  causes = [];
});
afterEach(async () => {
  await broker?.remove();
  broker = null;
});

const uplinkHere = (onConfiguration: (payload: Buffer) => void = () => undefined) =>
  createUplink({
    url: broker!.url,
    edge: newId('edge'),
    key: 'secret',
    onConfiguration,
    event: (_, cause) => causes.push(cause),
  });

test('says that the platform does not take its key, goes on trying, and stops at once', async () => {
  broker = await createBroker('allow_anonymous false');
  await broker.start();
  const uplink = uplinkHere();
  uplink.start();
  await until(() => uplink.state().cause?.code === 'uplink.not-authorised', 'the refusal is known');
  expect(uplink.state().connected).toBe(false);
  expect(causes.map(({ code }) => code)).toEqual(['uplink.not-authorised']);
  await uplink.stop();
});

test('gets the configuration at each connection, and cuts what is under way when the platform goes', async () => {
  broker = await createBroker();
  await broker.start();
  const listener = await createListener(broker.url);
  await listener.publish(topics.configuration, { version: 1 });
  const heard: string[] = [];
  const uplink = uplinkHere((payload) => heard.push(payload.toString('utf8')));
  uplink.start();
  const stop = new AbortController();
  const first = (await uplink.connection(stop.signal))!;
  await until(() => heard.length === 1, 'the configuration comes');
  expect(await first.send(topics.events, Buffer.from('[]'))).toEqual({ kind: 'acknowledged' });
  await broker.kill();
  await until(() => first.ended.aborted, 'the connection has ended');
  expect(await first.send(topics.events, Buffer.from('[]'))).toEqual({ kind: 'cut' });
  await broker.start();
  const second = (await uplink.connection(stop.signal))!;
  expect(second).not.toBe(first);
  await until(() => listener.subscriptions() === 2, 'the listener is back');
  await listener.publish(topics.configuration, { version: 2 });
  await until(() => heard.length === 2, 'the next configuration comes');
  await uplink.stop();
  const waiting = uplink.connection(stop.signal);
  stop.abort();
  expect(await waiting).toBeNull();
  await listener.close();
});

test.each([
  [0x87, 'refused'],
  [0x99, 'refused'],
  [0x95, 'refused'],
  [0x97, 'later'],
  [0x88, 'later'],
  [undefined, 'cut'],
])('an answer with reason %s is %s', (code, kind) => {
  expect(publishOutcome(Object.assign(new Error('no'), { code })).kind).toBe(kind);
});

test('stops within seconds although the platform answers nothing any more', async () => {
  const silent = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.from([0x20, 3, 0, 0, 0])));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const uplink = createUplink({
    url,
    edge: newId('edge'),
    key: 'k',
    onConfiguration: () => undefined,
    event: () => undefined,
  });
  uplink.start();
  const connection = await uplink.connection(AbortSignal.timeout(30_000));
  const sent = connection!.send(topics.batch, Buffer.from('x'));
  await uplink.stop();
  expect(await sent).toEqual({ kind: 'cut' });
  await new Promise((resolve) => silent.close(resolve));
});
