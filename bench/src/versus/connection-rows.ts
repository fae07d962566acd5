import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { startChild } from '../children.ts';
import { startMosquitto } from '../limits/mosquitto.ts';
import type { ConnectionsJob, Opened } from '../load/connections-child.ts';
import type { Account } from '../load/load-job.ts';
import { addModel, addThing } from '../platform/plant.ts';
import { setUp } from '../platform/platform-api.ts';
import { startPlatform } from '../platform/platform-process.ts';
import { residentBytes } from '../process-usage.ts';
import type { Comparison } from './comparison.ts';
import { atRest, Figures } from './turns.ts';

interface Door {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly account: Account;
  stop(): Promise<void>;
}

/** Idle MQTT connections: what each holds of memory, and all of them coming back at once. A new process each turn. */
export async function connectionRows(bench: Bench): Promise<Comparison[]> {
  const { rounds, connections: count } = bench.options.rivalSizes;
  const memory = new Figures();
  const seconds = new Figures();
  const faults: string[] = [];
  let refused = 0;
  for (let round = 0; round < rounds; round++)
    for (const start of [platformDoor, mosquittoDoor]) {
      const door = await start(bench);
      if (door === null) continue;
      const clients = startChild('load/connections-child.ts');
      const ask = (job: ConnectionsJob) => clients.ask<Opened>({ job });
      const { port, account } = door;
      // The first few make it ready: code that runs for the first time is not a connection's.
      await ask({ port, account, count: Math.min(200, count), atATime: 50 });
      await atRest(door.pid, 5);
      const before = residentBytes(door.pid);
      await ask({ port, account, count, atATime: 100 });
      await setTimeout(2000);
      memory.add(door.name, (residentBytes(door.pid) - before) / count);
      const again = await ask({ port, account, count, atATime: null });
      seconds.add(door.name, again.ms / 1000);
      if (door.name === 'Luban') refused = Math.max(refused, again.refused);
      const alive = await clients.ask<number>({});
      if (alive !== count) faults.push(`${door.name}: ${alive} of ${count} connections are alive`);
      await clients.stop();
      await door.stop();
    }
  const beside = (figures: Figures) => [
    { name: 'mosquitto', rounds: figures.get('mosquitto') ?? 'it is not installed' },
  ];
  const n = count.toLocaleString('en-US');
  const fault = faults[0] ?? null;
  return [
    {
      id: 'connections',
      name: { zh: `空闲连接内存（${n} 个）`, en: `memory of an idle connection, of ${n}` },
      unit: 'bytes RSS',
      luban: memory.get('Luban')!,
      others: beside(memory),
      aim: '≤ 10,240',
      notes: [
        'growth of resident memory of a process that had 200 connections before, two seconds after the last; MQTT 3.1.1 over TCP, no TLS, one key for all',
      ],
      fault,
    },
    {
      id: 'reconnect',
      name: { zh: `${n} 个连接同时重连`, en: `${n} connections come back at once` },
      unit: 's',
      luban: seconds.get('Luban')!,
      others: beside(seconds),
      aim: '≤ 30',
      notes: [
        `all are dropped and dial again at the same moment; until the last CONNACK; at most ${refused} tries at Luban ended without one and were repeated`,
      ],
      fault,
    },
  ];
}

async function platformDoor(bench: Bench): Promise<Door> {
  const platform = await startPlatform(await mkdtemp(join(bench.folder, 'idle-')), []);
  const api = await setUp(platform.httpPort);
  const thing = await addThing(api, await addModel(api, 'idle', 1), 'IDLE-1');
  return {
    name: 'Luban',
    pid: platform.pid,
    port: platform.mqttPort,
    account: { username: thing.id, password: thing.key },
    stop: () => platform.stop(),
  };
}

async function mosquittoDoor(bench: Bench): Promise<Door | null> {
  const broker = await startMosquitto(bench.folder);
  return broker && { name: 'mosquitto', account: { username: 'bench', password: 'bench' }, ...broker };
}
