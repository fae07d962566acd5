import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { startGenerator } from '../../bench/src/load/generator.ts';
import { addModel, addThing, type BenchThing } from '../../bench/src/platform/plant.ts';
import { type PlatformApi, setUp } from '../../bench/src/platform/platform-api.ts';
import { cpuMicros, ownCpuMicros } from '../../bench/src/process-usage.ts';
import { startChdbOverHttp } from '../fixtures/cluster/chdb-over-http.ts';
import { startNatsCluster } from '../fixtures/cluster/nats-cluster.ts';
import { startPostgres } from '../fixtures/cluster/postgres-server.ts';
import { createPlatform } from '../fixtures/platform-process.ts';

/**
 * What a sample costs on three doors and two writers over NATS, beside one server with everything embedded: the same
 * load by turns, CPU until all is stored. `npm run bench:cluster`.
 */
const rounds = 3;
const doors = 3;
const pointsEach = 334;
const samplesPerMessage = Number(process.argv[2] ?? 500);
const messagesEach = samplesPerMessage >= 100 ? 1500 : 15_000;

interface Target {
  readonly api: PlatformApi;
  readonly things: readonly BenchThing[];
  /** Where each third of the load goes. */
  readonly ports: readonly number[];
  /** µs of CPU by part, since the start. */
  cpu(): Promise<Record<string, number>>;
}

async function addThings(api: PlatformApi): Promise<BenchThing[]> {
  const model = await addModel(api, 'bench', pointsEach);
  const things: BenchThing[] = [];
  for (let i = 0; i < doors; i++) things.push(await addThing(api, model, `BENCH-${i}`));
  return things;
}

async function load({ api, things, ports, cpu }: Target, step: number): Promise<Record<string, number>> {
  const generators = things.map(() => startGenerator());
  const steps = Math.ceil((messagesEach * samplesPerMessage) / pointsEach);
  const ready = await Promise.all(
    things.map((thing, i) =>
      generators[i]!.prepare({
        door: 'mqtt',
        port: ports[i]!,
        accounts: [{ username: thing.id, password: thing.key }],
        keys: [],
        connections: 2,
        window: 64,
        messages: messagesEach,
        samplesPerMessage,
        messagesPerSecond: null,
        walk: {
          series: thing.points.map(({ series }) => series),
          startUs: (Math.floor(Date.now() / 86_400_000) - 14) * 86_400_000_000,
          firstStep: step * steps,
        },
      }),
    ),
  );
  await setTimeout(3000);
  const before = await cpu();
  const beganMs = performance.now();
  await Promise.all(ready.map((one) => one.go()));
  const sentMs = performance.now() - beganMs;
  while (((await api.flow()).log.backlogRecords ?? 0) > 0) await setTimeout(50);
  const after = await cpu();
  const last = new Map(ready.flatMap((one) => [...one.last]));
  const seen = await api.latest([...last.keys()]);
  const wrong = [...last].filter(([series, timeUs]) => seen.get(series) !== timeUs).length;
  if (wrong > 0) throw new Error(`${wrong} points do not show their last sample`);
  await Promise.all(generators.map((one) => one.stop()));
  const samples = doors * messagesEach * samplesPerMessage;
  const each = Object.entries(after).map(([part, us]) => [part, (us - before[part]!) / samples] as const);
  return { ...Object.fromEntries(each), 'samples/s': Math.round((samples * 1000) / sentMs) };
}

const nats = await startNatsCluster();
const postgres = await startPostgres();
const clickhouse = await startChdbOverHttp();
const environment = {
  LUBAN_RECORDS: postgres.url,
  LUBAN_LOG: nats.address('cost'),
  LUBAN_TELEMETRY: `${clickhouse.url}/cost`,
};
const server = (roles: string) => createPlatform(undefined, { environment: { ...environment, LUBAN_ROLES: roles } });
const writers = [await server('api,writer'), await server('api,writer')];
const doorServers = await Promise.all(Array.from({ length: doors }, () => server('door')));
for (const one of [...writers, ...doorServers]) await one.start();
const alone = await createPlatform();
await alone.start();

const clusterApi = await setUp(writers[0]!.httpPort);
const aloneApi = await setUp(alone.httpPort);
const cluster: Target = {
  api: clusterApi,
  things: await addThings(clusterApi),
  ports: doorServers.map(({ mqttPort }) => mqttPort),
  async cpu() {
    const sum = (pids: readonly number[]) => pids.reduce((total, pid) => total + cpuMicros(pid), 0);
    return {
      servers: sum([...writers, ...doorServers].map((one) => one.pid())),
      database: cpuMicros((await clickhouse.pid('cost')) ?? 0),
      'database front': ownCpuMicros(process.pid),
      nats: sum(natsServers()),
    };
  },
};
const embedded: Target = {
  api: aloneApi,
  things: await addThings(aloneApi),
  ports: Array.from({ length: doors }, () => alone.mqttPort),
  async cpu() {
    const server = ownCpuMicros(alone.pid());
    return { servers: server, database: cpuMicros(alone.pid()) - server };
  },
};

function natsServers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/comm`, 'utf8').trim() === 'nats-server';
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as NodeJS.ErrnoException).code !== 'ESRCH')
          throw error;
        return false; // it ended while we looked
      }
    })
    .map(Number);
}

await load(embedded, 0);
await load(cluster, 0);
for (let round = 1; round <= rounds; round++) {
  console.table({ embedded: await load(embedded, round), cluster: await load(cluster, round) });
}
for (const one of [...writers, ...doorServers, alone]) await one.remove();
await Promise.all([nats.remove(), postgres.remove(), clickhouse.remove()]);
process.exit(0);
