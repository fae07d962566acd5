import { join } from 'node:path';
import { type Cause, type DeviceId, type EdgeReport, topics } from '@luban/contracts';
import { createCollection } from './collection/collection.ts';
import type { CreateDriver } from './collection/device-runner.ts';
import type { EdgeConfig } from './config.ts';
import { edgeCause, messageOf } from './edge-errors.ts';
import { enrol } from './enrolment/enrolment.ts';
import { openEventLog } from './events/events.ts';
import { startAlive } from './gaps/alive.ts';
import { openGapLedger } from './gaps/gaps.ts';
import { openLossTotals } from './outbox/loss-totals.ts';
import type { OutboxLoss } from './outbox/losses.ts';
import { openOutbox } from './outbox/outbox.ts';
import { pause } from './pause.ts';
import { createReports } from './reports/reports.ts';
import { createDrain } from './uplink/drain.ts';
import { createLedgerSender } from './uplink/ledger-sender.ts';
import { createRefused } from './uplink/refused.ts';
import { createUplink } from './uplink/uplink.ts';

export interface Edge {
  readonly id: string;
  readonly mqtt: string;
  report(): Promise<EdgeReport>;
  /** Everything that was collected is on disk when it resolves. */
  stop(): Promise<void>;
}

/**
 * The way of a sample: driver.read → refine → outbox.put → uplink.send.
 * Resolves when the edge collects; null when aborted while it waited for the platform to enrol.
 */
export async function startEdge(
  config: EdgeConfig,
  outside: { createDriver: CreateDriver; log(line: Record<string, unknown>): void; signal: AbortSignal },
): Promise<Edge | null> {
  const { directory, platform, token } = config;
  const { log, signal } = outside;
  const now = Date.now;
  const fault = (error: unknown) => log({ level: 'error', message: messageOf(error) });
  const waiting = (cause: Cause) =>
    log({ level: 'warning', code: cause.code, message: cause.text.en, detail: cause.detail });

  const credentials = await enrol({ directory, platform, token, signal, onWaiting: waiting });
  if (credentials === null) return null;
  const url = config.mqtt ?? mqttUrl(platform, credentials.mqttPort);

  const events = await openEventLog({ directory: join(directory, 'events'), now, onFault: fault });
  const event = (severity: 'info' | 'warning' | 'error', cause: Cause, device: DeviceId | null = null) => {
    events.put(severity, cause, device);
    log({
      level: severity,
      code: cause.code,
      message: cause.text.en,
      detail: cause.detail,
      device: device ?? undefined,
    });
  };
  const gaps = await openGapLedger({ directory: join(directory, 'gaps'), now });
  const losses = await openLossTotals(join(directory, 'outbox', 'losses.json'));
  const lose = async (lost: OutboxLoss[]) => {
    await gaps.lose(lost);
    await losses.add(lost);
  };
  const alive = await startAlive({ directory, gaps, now, onFault: fault });

  const uplink = createUplink({
    url,
    edge: credentials.edge,
    key: credentials.key,
    onConfiguration: (payload) => void collection.apply(payload),
    event,
  });
  const outbox = await openOutbox({
    directory: join(directory, 'outbox'),
    limitBytes: config.outboxBytes,
    onLoss: lose,
    onFault: (cause) => event('error', cause),
    onDrained: gaps.endOutage,
    now,
  });
  const refused = createRefused({ directory: join(directory, 'refused'), lose, event });
  const drain = createDrain({
    outbox,
    connection: uplink.connection,
    setAside: refused,
    onFault: (cause) => event('warning', cause),
    now,
  });
  const collection = createCollection({
    directory,
    createDriver: outside.createDriver,
    put: outbox.put,
    gaps,
    event,
    onFault: fault,
    now,
  });
  const reports = createReports({
    collection,
    outbox,
    losses,
    lagMs: drain.lagMs,
    tell: uplink.tell,
    onFault: fault,
    now,
  });
  const onRefused = (reason: string) => log({ level: 'error', ...edgeCause('uplink.refused', reason) });
  const sender = { connection: uplink.connection, onRefused, onFault: fault };
  const ledgers = [
    createLedgerSender({
      ...sender,
      journal: events.journal,
      topic: topics.events,
      entry: events.read,
    }),
    createLedgerSender({
      ...sender,
      journal: gaps.journal,
      topic: topics.gaps,
      entry: ({ payload }) => JSON.parse(payload.toString('utf8')),
    }),
  ];

  await collection.start();
  uplink.start();
  drain.start();
  reports.start();
  for (const ledger of ledgers) ledger.start();

  return {
    id: credentials.edge,
    mqtt: url,
    report: reports.current,
    async stop() {
      await collection.stop();
      await reports.stop();
      const ending = Promise.all([drain.stop(), ...ledgers.map((ledger) => ledger.stop())]);
      // What is under way gets a second for its acknowledgement; the rest is in the outbox.
      await Promise.race([ending, pause(1000, new AbortController().signal)]);
      await uplink.stop();
      await ending;
      await outbox.stop();
      await alive.stop();
      await gaps.stop();
      await events.stop();
    },
  };
}

/** The MQTT door beside the platform's address: with TLS where the platform has it. */
function mqttUrl(platform: string, port: number): string {
  const { protocol, hostname } = new URL(platform);
  return `${protocol === 'https:' ? 'mqtts' : 'mqtt'}://${hostname}:${port}`;
}
