import { type CollectedPoint, qualityClass, type SampleValue } from '@luban/contracts';
import type {
  ClientSession,
  ClientSessionRawSubscriptionService,
  ClientSubscription,
  MonitoredItemNotification,
  NodeId,
  NotificationMessage,
} from 'node-opcua-client';
import { closedByDevice, type DeviceFault, stopped } from '../device-fault.ts';
import type { BrowseNode, Reading } from '../driver.ts';
import { pause } from '../retry.ts';
import { itemsPerRequest, nodeOfPoint, readPoints, resolveNode, writePoint } from './opcua-access.ts';
import { browseNodes } from './opcua-browse.ts';
import { opcuaFault, queueOverflow, sessionLost, subscriptionSilent } from './opcua-causes.ts';
import { openSession, type SessionOptions, within } from './opcua-client.ts';
import { opcua } from './opcua-library.ts';
import { qualityOfStatus } from './opcua-quality.ts';
import { readDataValue } from './opcua-value.ts';

/** One session with one subscription. Any fault ends it; a new one is made from the ground up. */
export interface OpcUaConnection {
  /** Subscribes to points and gives back those that the server refused, each as its bad reading with the status. */
  monitor(points: readonly CollectedPoint[]): Promise<{ reading: Reading; status: string }[]>;
  read(points: readonly CollectedPoint[]): Promise<Reading[]>;
  write(point: CollectedPoint, value: SampleValue): Promise<void>;
  browse(path: string | null): Promise<BrowseNode[]>;
  /** Stops asking for more while true; the server keeps what its queues can hold. */
  hold(on: boolean): void;
  fault(): DeviceFault | null;
  readonly ended: AbortSignal;
  /** Kept when all its timers and sockets have ended. */
  close(): Promise<void>;
}

export interface ConnectionOptions extends SessionOptions {
  now(): number;
  /** The values of one publication, in order. */
  onReadings(readings: Reading[]): void;
}

interface PublishingSession {
  getPublishEngine(): { suspend(on: boolean): void };
}

/** After so long without us the server forgets the subscription. */
const lifetimeMs = 100_000;
/** In a status code: it has data value info, and that says overflow. */
const overflowBits = 0x480;
const serverState = 'ns=0;i=2259';

/** Rejects with a DeviceFault. */
export async function connectOpcUa(options: ConnectionOptions): Promise<OpcUaConnection> {
  const { settings, signal } = options;
  const { endpointUrl: at, timeoutMs, samplingIntervalMs, publishingIntervalMs } = settings;
  const open = await openSession(options);
  const { client, session } = open;
  const ending = new AbortController();
  const handles = new Map<number, CollectedPoint>();
  let nextHandle = 1;
  let ended: DeviceFault | null = null;
  let lastPublishMs = performance.now();
  let overflowToldMs = Number.NEGATIVE_INFINITY;

  const end = (fault: DeviceFault) => {
    if (ended) return;
    ended = fault;
    signal.removeEventListener('abort', onAbort);
    ending.abort();
  };
  const onAbort = () => end(stopped());
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  client.on('close', () => end(closedByDevice(at, false)));
  session.on('session_closed', () => end(sessionLost(at)));
  // node-opcua quietly makes a new session for one that the server forgot, but the points would be missing in it.
  session.on('session_restored', () => end(sessionLost(at)));

  const answer = async <T>(promise: Promise<T>, ms = timeoutMs): Promise<T> => {
    try {
      return await within(promise, ms, at, ending.signal);
    } catch (error) {
      throw ended ?? opcuaFault(error, at, timeoutMs);
    }
  };

  const onNotification = (message: NotificationMessage) => {
    lastPublishMs = performance.now();
    if (ended) return;
    const readings: Reading[] = [];
    const nowMs = options.now();
    let overflowed = false;
    for (const part of message.notificationData ?? []) {
      if (!(part instanceof opcua.DataChangeNotification)) continue;
      for (const item of (part.monitoredItems ?? []) as MonitoredItemNotification[]) {
        const point = handles.get(item.clientHandle);
        if (point) readings.push({ point, ...readDataValue(item.value, nowMs) });
        if ((item.value.statusCode.value & overflowBits) === overflowBits) overflowed = true;
      }
    }
    if (overflowed && nowMs - overflowToldMs > 60_000) {
      overflowToldMs = nowMs;
      options.host.event('warning', queueOverflow(at));
    }
    if (readings.length > 0) options.onReadings(readings);
  };

  let subscription: ClientSubscription;
  let namespaces: string[];
  try {
    namespaces = await answer(session.readNamespaceArray());
    subscription = await answer(
      session.createSubscription2({
        requestedPublishingInterval: publishingIntervalMs,
        requestedMaxKeepAliveCount: Math.max(1, Math.floor(timeoutMs / 2 / publishingIntervalMs)),
        requestedLifetimeCount: Math.max(60, Math.ceil(lifetimeMs / publishingIntervalMs)),
        maxNotificationsPerPublish: 10_000,
        publishingEnabled: true,
        priority: 0,
      }),
    );
  } catch (error) {
    end(opcuaFault(error, at, timeoutMs));
    await open.end(false);
    throw ended ?? error;
  }
  subscription.on('raw_notification', onNotification);
  subscription.on('terminated', () => end(subscriptionSilent(at)));
  const silenceMs = 2 * subscription.publishingInterval * subscription.maxKeepAliveCount + timeoutMs;
  // node-opcua has both but does not declare them on its session.
  const raw = session as ClientSession & ClientSessionRawSubscriptionService & PublishingSession;
  const engine = raw.getPublishEngine();
  let held = false;

  /** Asks for the server's state, so that silence is noticed within the timeout even when no value changes. */
  async function watch(): Promise<void> {
    while (!ended) {
      await pause(timeoutMs / 3, ending.signal);
      if (ended) return;
      try {
        await answer(session.read({ nodeId: serverState, attributeId: opcua.AttributeIds.Value }), (timeoutMs * 2) / 3);
      } catch (error) {
        end(opcuaFault(error, at, timeoutMs));
      }
      if (!held && performance.now() - lastPublishMs > silenceMs) end(subscriptionSilent(at));
    }
  }
  const watching = watch();

  const nodeOf = (point: CollectedPoint) => nodeOfPoint(point, namespaces);
  const access = { session, answer, nodeOf, now: options.now };

  return {
    async monitor(points) {
      const refused: { reading: Reading; status: string }[] = [];
      const refuse = (point: CollectedPoint, status: { value: number; name: string }) => {
        const reading = { point, value: null, quality: qualityOfStatus(status.value), timeUs: options.now() * 1000 };
        refused.push({ reading, status: status.name });
      };
      const known: { point: CollectedPoint; nodeId: NodeId; clientHandle: number }[] = [];
      for (const point of points) {
        const nodeId = nodeOf(point);
        if (nodeId === null) refuse(point, opcua.StatusCodes.BadNodeIdInvalid);
        else known.push({ point, nodeId, clientHandle: nextHandle++ });
      }
      const queueSize = Math.max(10, 2 * Math.ceil(publishingIntervalMs / samplingIntervalMs));
      for (let i = 0; i < known.length; i += itemsPerRequest) {
        const chunk = known.slice(i, i + itemsPerRequest);
        for (const { clientHandle, point } of chunk) handles.set(clientHandle, point);
        const { results } = await answer(
          raw.createMonitoredItems({
            subscriptionId: subscription.subscriptionId,
            timestampsToReturn: opcua.TimestampsToReturn.Both,
            itemsToCreate: chunk.map(({ nodeId, clientHandle }) => ({
              itemToMonitor: { nodeId, attributeId: opcua.AttributeIds.Value },
              monitoringMode: opcua.MonitoringMode.Reporting,
              requestedParameters: {
                clientHandle,
                samplingInterval: samplingIntervalMs,
                queueSize,
                discardOldest: true,
              },
            })),
          }),
        );
        chunk.forEach(({ point, clientHandle }, index) => {
          const status = results?.[index]?.statusCode ?? opcua.StatusCodes.BadUnexpectedError;
          if (qualityClass(qualityOfStatus(status.value)) !== 'bad') return;
          handles.delete(clientHandle);
          refuse(point, status);
        });
      }
      return refused;
    },
    read: (points) => readPoints(access, points),
    write: (point, value) => writePoint(access, point, value),
    browse: (path) => answer(browseNodes(session, path === null ? null : resolveNode(path, namespaces)), timeoutMs * 4),
    hold(on) {
      if (held === on || ended) return;
      held = on;
      lastPublishMs = performance.now();
      engine.suspend(on);
    },
    fault: () => ended,
    ended: ending.signal,
    async close() {
      const polite = ended === null || ended.code === 'driver.stopped';
      end(stopped());
      subscription.removeAllListeners();
      await open.end(polite);
      await watching;
    },
  };
}
