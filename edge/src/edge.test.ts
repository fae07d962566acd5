import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EdgeReport, edgeReport, type Gap, newId, topics } from '@luban/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Broker, createBroker, createListener, until } from './broker-fixture.ts';
import { counterDevice, counterDrivers } from './counter-driver.ts';
import { createFaultProxy } from './drivers/fault-proxy.ts';
import { startEdge } from './edge.ts';

let directory: string;
let broker: Broker;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'luban-edge-'));
  broker = await createBroker();
  await broker.start();
});
afterEach(async () => {
  await broker.remove();
  await rm(directory, { recursive: true, force: true });
});

/** The platform's enrolment door; each token works once. */
async function enrolmentDoor() {
  const edge = newId('edge');
  const used = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { token } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const known = request.url === '/api/v1/edges/enrol' && !used.has(token);
      used.add(token);
      response.statusCode = known ? 201 : 401;
      response.end(JSON.stringify(known ? { edge, key: 'secret', mqttPort: 1 } : { code: 'edge.token' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return { edge, platform: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}

test('an edge enrols, takes its configuration, collects, reports, and needs no token and no platform afterwards', async () => {
  const door = await enrolmentDoor();
  const listener = await createListener(broker.url);
  const link = await createFaultProxy(Number(new URL(broker.url).port));
  const drivers = counterDrivers(50);
  const steady = counterDevice(1, 3);
  const changing = counterDevice(10, 2);
  const config = {
    directory,
    platform: door.platform,
    token: 'a'.repeat(24),
    outboxBytes: 10_000_000,
    mqtt: `mqtt://127.0.0.1:${link.port}`,
  };
  const outside = { createDriver: drivers.create, log: () => undefined, signal: new AbortController().signal };
  await listener.publish(topics.configuration, { version: 1, devices: [steady, changing] });

  let edge = (await startEdge(config, outside))!;
  expect(edge.id).toBe(door.edge);
  expect((await stat(join(directory, 'credentials.json'))).mode & 0o777).toBe(0o600);
  const heard = (series: number) => listener.batches.flatMap((b) => b.samples).filter((s) => s.series === series);
  await until(() => heard(1).length > 5 && heard(11).length > 5, 'both devices are heard');
  expect(heard(1).every((sample) => sample.simulated && sample.quality === 0)).toBe(true);

  const renamed = { ...changing, points: changing.points.slice(0, 1) };
  await listener.publish(topics.configuration, { version: 2, devices: [steady, renamed] });
  await until(() => drivers.starts(changing.id) === 2, 'the changed device restarts');
  expect(drivers.starts(steady.id)).toBe(1);
  await listener.publish(topics.configuration, { version: 3, devices: 'none' });
  await until(async () => (await edge.report()).configurationCause !== null, 'the broken configuration is refused');
  expect((await edge.report()).configurationVersion).toBe(2);

  drivers.silence(steady.id, true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  drivers.silence(steady.id, false);
  const gaps = () => listener.others.filter((m) => m.topic === topics.gaps).flatMap((m) => m.content as Gap[]);
  await until(
    () => gaps().some((g) => g.device === steady.id && g.toMs !== null),
    'the silence is in the ledger, closed',
  );
  expect(gaps().filter((g) => g.device === steady.id)).toHaveLength(2);
  expect(new Set(gaps().map((g) => g.id)).size).toBe(1);

  const reports = () => listener.others.filter((m) => m.topic === topics.report).map((m) => m.content as EdgeReport);
  await until(() => reports().some((r) => r.lagMs !== null && r.samplesPerSecond > 0), 'a report with rates comes');
  expect(edgeReport.parse(reports().at(-1)).devices).toHaveLength(2);

  await edge.stop();
  door.close();
  await broker.kill();
  await link.refuse();
  const subscriptions = listener.subscriptions();
  edge = (await startEdge({ ...config, token: null }, outside))!;
  await until(async () => (await edge.report()).backlog.samples > 20, 'it collects without the platform');
  expect((await edge.report()).configurationVersion).toBe(2);
  await broker.start();
  // This broker forgets its subscribers: it would acknowledge the gap and give it to nobody.
  await until(() => listener.subscriptions() > subscriptions, 'the platform listens again');
  await link.accept();
  await until(() => gaps().some((g) => g.why === 'edge-stopped'), 'the stop is in the ledger');
  await edge.stop();
  await link.close();
  await listener.close();
}, 60_000);

test('a used token is refused in words', async () => {
  const door = await enrolmentDoor();
  const config = {
    directory,
    platform: door.platform,
    token: 'b'.repeat(24),
    outboxBytes: 10_000_000,
    mqtt: broker.url,
  };
  const outside = {
    createDriver: counterDrivers(50).create,
    log: () => undefined,
    signal: new AbortController().signal,
  };
  await (await startEdge(config, outside))!.stop();
  const second = await mkdtemp(join(tmpdir(), 'luban-edge-'));
  await expect(startEdge({ ...config, directory: second }, outside)).rejects.toMatchObject({
    code: 'enrolment.refused',
  });
  await rm(second, { recursive: true });
  door.close();
});
